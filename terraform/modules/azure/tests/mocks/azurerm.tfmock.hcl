# What the provider would answer, as far as the module makes something of it.
mock_data "azurerm_client_config" {
  defaults = { subscription_id = "00000000-0000-0000-0000-000000000000", tenant_id = "00000000-0000-0000-0000-000000000001", object_id = "00000000-0000-0000-0000-000000000002" }
}
mock_resource "azurerm_key_vault_secret" {
  defaults = {
    resource_versionless_id = "/subscriptions/mock/resourceGroups/mock/providers/Microsoft.KeyVault/vaults/mock/secrets/mock"
    versionless_id          = "https://mock.vault.azure.net/secrets/mock"
  }
}
mock_resource "azurerm_user_assigned_identity" {
  defaults = { id = "/subscriptions/mock/identities/mock", principal_id = "00000000-0000-0000-0000-000000000003", client_id = "00000000-0000-0000-0000-000000000004" }
}
mock_resource "azurerm_monitor_data_collection_endpoint" {
  defaults = { metrics_ingestion_endpoint = "https://metrics.example.net" }
}
mock_resource "azurerm_monitor_data_collection_rule" {
  defaults = { immutable_id = "dcr-mock" }
}
