# Addresses of the database with the password of a role each, in a vault that only named rights
# open.

resource "azurerm_key_vault" "this" {
  name                       = local.vault_name
  resource_group_name        = azurerm_resource_group.this.name
  location                   = var.region
  tenant_id                  = data.azurerm_client_config.current.tenant_id
  sku_name                   = "standard"
  rbac_authorization_enabled = true
  purge_protection_enabled   = true
  soft_delete_retention_days = 30
  tags                       = local.tags

  network_acls {
    default_action             = "Deny"
    bypass                     = "AzureServices"
    ip_rules                   = var.operator_addresses
    virtual_network_subnet_ids = [azurerm_subnet.containers.id]
  }

  #checkov:skip=CKV_AZURE_189:whoever runs Terraform must reach it; all but operator_addresses and the containers are refused
  #checkov:skip=CKV2_AZURE_32:the containers come by a service endpoint, which costs nothing
}

resource "azurerm_role_assignment" "operator_secrets" {
  scope                = azurerm_key_vault.this.id
  role_definition_name = "Key Vault Secrets Officer"
  principal_id         = data.azurerm_client_config.current.object_id
}

resource "azurerm_key_vault_secret" "database" {
  for_each         = toset(local.db_secret_names)
  name             = each.key
  key_vault_id     = azurerm_key_vault.this.id
  content_type     = "text/plain"
  value_wo         = local.db_secrets[each.key]
  value_wo_version = var.db_credential_version
  tags             = local.tags
  depends_on       = [azurerm_role_assignment.operator_secrets]

  #checkov:skip=CKV_AZURE_41:they are renewed by db_credential_version; a date would only stop the pipeline one night
}

locals {
  # By resource id, because rights are given on those: .../vaults/VAULT/secrets/NAME.
  given_secret_ids = merge(
    var.iracing_account == null ? {} : { client-secret = var.iracing_account.client_secret_id },
    try(var.iracing_account.account_secret_id, null) == null ? {} : { account-secret = var.iracing_account.account_secret_id },
    var.grafana_cloud == null ? {} : { cloud-token = var.grafana_cloud.token_secret_id },
  )
  secret_ids = merge({ for name, secret in azurerm_key_vault_secret.database : name => secret.resource_versionless_id }, local.given_secret_ids)
  secret_urls = merge(
    { for name, secret in azurerm_key_vault_secret.database : name => secret.versionless_id },
    { for name, id in local.given_secret_ids : name => "https://${try(regex("/vaults/([^/]+)/", id)[0], "unknown")}.vault.azure.net/secrets/${try(regex("/secrets/([^/]+)$", id)[0], "unknown")}" },
  )

  # What each part is let have. Whichever part runs migrations has what these need.
  migration_secrets = ["admin-url", "owner-url", "roles"]
  part_secrets = {
    dagster = concat(["database-url", "dagster-url"], keys(local.given_secret_ids), var.dagster_enabled ? local.migration_secrets : [])
    collector = concat(
      ["database-url", "dagster-url"], [for name in keys(local.given_secret_ids) : name if name != "cloud-token"],
      var.dagster_enabled ? [] : local.migration_secrets,
    )
  }
}
