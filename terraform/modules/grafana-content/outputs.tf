output "dashboards" {
  description = "Address of each dashboard's file, below Grafana's own, by its path."
  value       = { for file, dashboard in grafana_dashboard.this : file => "/d/${jsondecode(dashboard.config_json).uid}" }
}

output "folders" {
  description = "Uid of each folder."
  value       = { for name, folder in grafana_folder.this : name => folder.uid }
}

output "alerts" {
  description = "Names of the alerts."
  value       = flatten([for group in local.groups : [for rule in group.rules : rule.alert]])
}
