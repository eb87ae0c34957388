output "url" {
  description = "The stack's Grafana: GRAFANA_URL of the next step."
  value       = grafana_cloud_stack.this.url
}

output "content_token" {
  description = "GRAFANA_AUTH of the next step."
  value       = grafana_cloud_stack_service_account_rotating_token.content.key
  sensitive   = true
}

output "remote_write" {
  description = "IRACING_CLOUD_PUSH_URL and IRACING_CLOUD_PUSH_USER; remote_write_url and user of grafana_cloud in the clouds' modules."
  value = {
    remote_write_url = grafana_cloud_stack.this.prometheus_remote_write_endpoint
    user             = tostring(grafana_cloud_stack.this.prometheus_user_id)
  }
}

output "metrics_write_token" {
  description = "IRACING_CLOUD_PUSH_TOKEN: put it into the secret store, or into secrets/cloud_token of Compose."
  value       = grafana_cloud_access_policy_rotating_token.metrics["write"].token
  sensitive   = true
}

output "prometheus" {
  description = "prometheus of module grafana-content."
  value = {
    url  = grafana_cloud_stack.this.prometheus_remote_endpoint
    user = tostring(grafana_cloud_stack.this.prometheus_user_id)
  }
}

output "metrics_read_token" {
  description = "prometheus_token of module grafana-content."
  value       = grafana_cloud_access_policy_rotating_token.metrics["read"].token
  sensitive   = true
}

output "private_connection" {
  description = "What the agent beside the database is told (IRACING_PDC_CLUSTER, IRACING_PDC_GRAFANA_ID), and the network's id for module grafana-content; null without one."
  value = var.private_database ? {
    network_id = grafana_cloud_private_data_source_connect_network.this[0].pdc_network_id
    cluster    = grafana_cloud_stack.this.cluster_slug
    grafana_id = grafana_cloud_stack.this.id
  } : null
}

output "private_connection_token" {
  description = "The agent's token: secrets/pdc_token of Compose; null without one."
  value       = one(grafana_cloud_private_data_source_connect_network_token.this[*].token)
  sensitive   = true
}
