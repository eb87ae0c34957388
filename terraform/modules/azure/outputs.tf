# The outputs of this file are the same in modules aws, gcp and azure.

output "database_host" {
  description = "Name of the database server, in the private network."
  value       = azurerm_postgresql_flexible_server.this.fqdn
}

output "database_name" {
  description = "Database in it."
  value       = local.db_name
}

output "database_secret_id" {
  description = "Entry of the secret store with IRACING_DATABASE_URL."
  value       = azurerm_key_vault_secret.database["database-url"].resource_versionless_id
}

output "lake_uri" {
  description = "IRACING_LAKE."
  value       = local.environment.IRACING_LAKE
}

output "telemetry_uri" {
  description = "Where to upload .ibt files to."
  value       = "https://${azurerm_storage_account.this.name}.blob.core.windows.net/${azurerm_storage_container.this["telemetry"].name}"
}

output "webserver_url" {
  description = "Dagster's webserver, for those who may reach it; null without Dagster."
  value       = var.dagster_enabled && length(var.webserver_allowed) > 0 ? "https://${local.prefix}-dagster.${azurerm_container_app_environment.this.default_domain}" : null
}

output "collector" {
  description = "What to start by hand for a collection now."
  value       = azurerm_container_app_job.collector.name
}

output "metrics_query_url" {
  description = "Where Grafana asks the managed Prometheus; null without one."
  value       = one(azurerm_monitor_workspace.this[*].query_endpoint)
}

output "log" {
  description = "Where containers' logs are."
  value       = azurerm_log_analytics_workspace.this.name
}

output "network_id" {
  description = "The private network, to connect a VPN to."
  value       = azurerm_virtual_network.this.id
}

output "identity" {
  description = "Who Dagster's containers are, to give them a right more."
  value       = azurerm_user_assigned_identity.this["dagster"].principal_id
}

output "migrate" {
  description = "What to run after an apply with another image or db_credential_version, before anything works; null where containers do it themselves."
  value       = null
}
