# A stack, and who may do what with it: one token that fills it with content, one that writes
# metrics, one that reads them, one by which a private database is reached. Tokens are in the state
# (the provider keeps them there): encrypt it. They end by themselves.

locals {
  early_days  = max(2, floor(var.token_days / 5))
  early_hours = "${24 * local.early_days}h"
  hours       = "${24 * var.token_days}h"
}

resource "grafana_cloud_stack" "this" {
  name              = var.name
  slug              = var.slug
  region_slug       = var.region
  description       = "iRacing telemetry and results"
  labels            = merge(var.labels, { managed_by = "terraform" })
  delete_protection = var.deletion_protection
}

# Data sources and alerts are an administrator's to make.
resource "grafana_cloud_stack_service_account" "content" {
  stack_slug = grafana_cloud_stack.this.slug
  name       = "iracing-content"
  role       = "Admin"
}

resource "grafana_cloud_stack_service_account_rotating_token" "content" {
  stack_slug                    = grafana_cloud_stack.this.slug
  service_account_id            = grafana_cloud_stack_service_account.content.id
  name_prefix                   = "iracing-content"
  seconds_to_live               = 86400 * var.token_days
  early_rotation_window_seconds = 86400 * local.early_days
  delete_on_destroy             = true
}

resource "grafana_cloud_access_policy" "metrics" {
  for_each     = toset(["read", "write"])
  region       = grafana_cloud_stack.this.region_slug
  name         = "${var.slug}-metrics-${each.key}"
  display_name = "iRacing: metrics, ${each.key}"
  scopes       = ["metrics:${each.key}"]

  realm {
    type       = "stack"
    identifier = grafana_cloud_stack.this.id
  }
}

resource "grafana_cloud_access_policy_rotating_token" "metrics" {
  for_each              = grafana_cloud_access_policy.metrics
  region                = each.value.region
  access_policy_id      = each.value.policy_id
  name_prefix           = "${var.slug}-metrics-${each.key}"
  expire_after          = local.hours
  early_rotation_window = local.early_hours
  delete_on_destroy     = true
}

resource "grafana_cloud_private_data_source_connect_network" "this" {
  count            = var.private_database ? 1 : 0
  region           = grafana_cloud_stack.this.region_slug
  name             = "${var.slug}-database"
  display_name     = "iRacing: the private database"
  stack_identifier = grafana_cloud_stack.this.id
}

resource "grafana_cloud_private_data_source_connect_network_token" "this" {
  count          = var.private_database ? 1 : 0
  pdc_network_id = grafana_cloud_private_data_source_connect_network.this[0].pdc_network_id
  region         = grafana_cloud_stack.this.region_slug
  name           = "${var.slug}-agent"
  display_name   = "iRacing: the agent beside the database"
}
