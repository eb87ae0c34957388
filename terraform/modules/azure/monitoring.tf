# Azure Monitor's managed Prometheus, where it is wanted: a workspace, and the endpoint and rule by
# which it takes remote write. Alerts are Grafana's: see module grafana-content, which makes them
# of the same file as Compose.

resource "azurerm_monitor_workspace" "this" {
  count               = var.managed_prometheus ? 1 : 0
  name                = local.prefix
  resource_group_name = azurerm_resource_group.this.name
  location            = var.region
  tags                = local.tags
}

resource "azurerm_monitor_data_collection_endpoint" "metrics" {
  count               = var.managed_prometheus ? 1 : 0
  name                = "${local.prefix}-metrics"
  resource_group_name = azurerm_resource_group.this.name
  location            = var.region
  kind                = "Linux"
  tags                = local.tags
}

resource "azurerm_monitor_data_collection_rule" "metrics" {
  count                       = var.managed_prometheus ? 1 : 0
  name                        = "${local.prefix}-metrics"
  resource_group_name         = azurerm_resource_group.this.name
  location                    = var.region
  data_collection_endpoint_id = azurerm_monitor_data_collection_endpoint.metrics[0].id
  tags                        = local.tags

  data_sources {
    prometheus_forwarder {
      name    = "prometheus"
      streams = ["Microsoft-PrometheusMetrics"]
    }
  }
  destinations {
    monitor_account {
      name               = "workspace"
      monitor_account_id = azurerm_monitor_workspace.this[0].id
    }
  }
  data_flow {
    streams      = ["Microsoft-PrometheusMetrics"]
    destinations = ["workspace"]
  }
}

locals {
  metrics = var.managed_prometheus || var.grafana_cloud != null
  remote_write = one(concat(
    [for cloud in var.grafana_cloud[*] : {
      url        = cloud.remote_write_url
      basic_auth = { username = cloud.user, password_file = "${local.files_to}/cloud_token" }
    }],
    [for rule in azurerm_monitor_data_collection_rule.metrics : {
      url     = "${azurerm_monitor_data_collection_endpoint.metrics[0].metrics_ingestion_endpoint}/dataCollectionRules/${rule.immutable_id}/streams/Microsoft-PrometheusMetrics/api/v1/write?api-version=2023-04-24"
      azuread = { cloud = "AzurePublic", managed_identity = { client_id = azurerm_user_assigned_identity.this["dagster"].client_id } }
    }],
  ))
}
