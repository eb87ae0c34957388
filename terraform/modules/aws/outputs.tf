# The outputs of this file are the same in modules aws, gcp and azure.

output "database_host" {
  description = "Name of the database server, in the private network."
  value       = aws_db_instance.this.address
}

output "database_name" {
  description = "Database in it."
  value       = local.db_name
}

output "database_secret_id" {
  description = "Entry of the secret store with IRACING_DATABASE_URL."
  value       = aws_secretsmanager_secret.database["database-url"].arn
}

output "lake_uri" {
  description = "IRACING_LAKE."
  value       = local.environment.IRACING_LAKE
}

output "telemetry_uri" {
  description = "Where to upload .ibt files to."
  value       = "s3://${aws_s3_bucket.this["telemetry"].bucket}"
}

output "webserver_url" {
  description = "Dagster's webserver, for those who may reach it; null without Dagster."
  value       = var.dagster_enabled ? "http://dagster.${local.prefix}.internal:3000" : null
}

output "collector" {
  description = "What to start by hand for a collection now."
  value       = aws_ecs_task_definition.collector.family
}

output "metrics_query_url" {
  description = "Where Grafana asks the managed Prometheus; null without one."
  value       = one(aws_prometheus_workspace.this[*].prometheus_endpoint)
}

output "log" {
  description = "Where containers' logs are."
  value       = aws_cloudwatch_log_group.containers.name
}

output "network_id" {
  description = "The private network, to connect a VPN to."
  value       = aws_vpc.this.id
}

output "identity" {
  description = "Who Dagster's containers are, to give them a right more."
  value       = aws_iam_role.dagster.arn
}

output "migrate" {
  description = "What to run after an apply with another image or db_credential_version, before anything works; null where containers do it themselves."
  value       = null
}
