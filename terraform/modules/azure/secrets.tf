# The address of the database with its password, in a vault that only named rights open.

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

resource "azurerm_key_vault_secret" "database_url" {
  name             = "database-url"
  key_vault_id     = azurerm_key_vault.this.id
  content_type     = "IRACING_DATABASE_URL"
  value_wo         = local.db_url
  value_wo_version = var.db_credential_version
  tags             = local.tags
  depends_on       = [azurerm_role_assignment.operator_secrets]

  #checkov:skip=CKV_AZURE_41:it is renewed by db_credential_version; a date would only stop the pipeline one night
}

locals {
  # By resource id, because rights are given on those: .../vaults/VAULT/secrets/NAME.
  secret_ids = merge(
    { database-url = azurerm_key_vault_secret.database_url.resource_versionless_id },
    var.iracing_account == null ? {} : { client-secret = var.iracing_account.client_secret_id },
    try(var.iracing_account.account_secret_id, null) == null ? {} : { account-secret = var.iracing_account.account_secret_id },
    var.grafana_cloud == null ? {} : { cloud-token = var.grafana_cloud.token_secret_id },
  )
  secret_names = concat(
    ["database-url"],
    var.iracing_account == null ? [] : ["client-secret"],
    try(var.iracing_account.account_secret_id, null) == null ? [] : ["account-secret"],
    var.grafana_cloud == null ? [] : ["cloud-token"],
  )
  secret_urls = {
    for name in local.secret_names : name => name == "database-url" ? azurerm_key_vault_secret.database_url.versionless_id :
    "https://${try(regex("/vaults/([^/]+)/", local.secret_ids[name])[0], "unknown")}.vault.azure.net/secrets/${try(regex("/secrets/([^/]+)$", local.secret_ids[name])[0], "unknown")}"
  }
}
