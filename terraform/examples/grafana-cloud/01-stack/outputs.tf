output "url" {
  description = "GRAFANA_URL of the next step."
  value       = module.stack.url
}

output "content_token" {
  description = "GRAFANA_AUTH of the next step."
  value       = module.stack.content_token
  sensitive   = true
}

output "remote_write" {
  description = "IRACING_CLOUD_PUSH_URL and IRACING_CLOUD_PUSH_USER."
  value       = module.stack.remote_write
}

output "metrics_write_token" {
  description = "IRACING_CLOUD_PUSH_TOKEN."
  value       = module.stack.metrics_write_token
  sensitive   = true
}

output "prometheus" {
  description = "prometheus of the next step."
  value       = module.stack.prometheus
}

output "metrics_read_token" {
  description = "TF_VAR_prometheus_token of the next step."
  value       = module.stack.metrics_read_token
  sensitive   = true
}

output "private_connection" {
  description = "IRACING_PDC_CLUSTER, IRACING_PDC_GRAFANA_ID, and the network of the next step."
  value       = module.stack.private_connection
}

output "private_connection_token" {
  description = "The agent's token."
  value       = module.stack.private_connection_token
  sensitive   = true
}
