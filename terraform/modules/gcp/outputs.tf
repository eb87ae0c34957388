# The outputs of this file are the same in modules aws, gcp and azure.

output "database_host" {
  description = "Name of the database server, in the private network."
  value       = google_sql_database_instance.this.private_ip_address
}

output "database_name" {
  description = "Database in it."
  value       = local.db_name
}

output "database_secret_id" {
  description = "Entry of the secret store with IRACING_DATABASE_URL."
  value       = google_secret_manager_secret.database["database-url"].id
}

output "lake_uri" {
  description = "IRACING_LAKE."
  value       = local.environment.IRACING_LAKE
}

output "telemetry_uri" {
  description = "Where to upload .ibt files to."
  value       = "gs://${google_storage_bucket.this["telemetry"].name}"
}

output "webserver_url" {
  description = "Dagster's webserver, for those who may reach it; null without Dagster."
  value       = one(google_cloud_run_v2_service.webserver[*].uri)
}

output "collector" {
  description = "What to start by hand for a collection now."
  value       = google_cloud_run_v2_job.this["collector"].name
}

output "metrics_query_url" {
  description = "Where Grafana asks the managed Prometheus; null without one."
  value       = var.managed_prometheus ? "https://monitoring.googleapis.com/v1/projects/${var.project_id}/location/global/prometheus" : null
}

output "log" {
  description = "Where containers' logs are."
  value       = google_logging_project_bucket_config.this.id
}

output "network_id" {
  description = "The private network, to connect a VPN to."
  value       = google_compute_network.this.id
}

output "identity" {
  description = "Who Dagster's containers are, to give them a right more."
  value       = google_service_account.this["dagster"].email
}

output "migrate" {
  description = "What to run after an apply with another image or db_credential_version, before anything works; null where containers do it themselves."
  value       = "gcloud run jobs execute ${google_cloud_run_v2_job.this["migrate"].name} --project ${var.project_id} --region ${var.region} --wait"
}
