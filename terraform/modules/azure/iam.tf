# Rights of the two identities: each on the very secret, container or rule that its part uses.

locals {
  reads = merge([for part, names in local.part_secrets : { for name in names : "${part}/${name}" => local.secret_ids[name] }]...)
}

resource "azurerm_role_assignment" "secret" {
  for_each             = local.reads
  scope                = each.value
  role_definition_name = "Key Vault Secrets User"
  principal_id         = azurerm_user_assigned_identity.this[split("/", each.key)[0]].principal_id

  lifecycle {
    precondition {
      condition     = contains(local.db_secret_names, split("/", each.key)[1]) || can(regex("^/subscriptions/.+/vaults/[^/]+/secrets/[^/]+$", each.value))
      error_message = "A secret is named by its versionless resource id: /subscriptions/.../vaults/VAULT/secrets/NAME."
    }
  }
}

resource "azurerm_role_assignment" "storage" {
  for_each             = { lake = "Storage Blob Data Contributor", telemetry = "Storage Blob Data Reader" }
  scope                = azurerm_storage_container.this[each.key].id
  role_definition_name = each.value
  principal_id         = azurerm_user_assigned_identity.this["dagster"].principal_id
}

resource "azurerm_role_assignment" "metrics" {
  count                = var.managed_prometheus ? 1 : 0
  scope                = azurerm_monitor_data_collection_rule.metrics[0].id
  role_definition_name = "Monitoring Metrics Publisher"
  principal_id         = azurerm_user_assigned_identity.this["dagster"].principal_id
}
