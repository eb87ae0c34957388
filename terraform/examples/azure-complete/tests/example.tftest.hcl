# Plans and applies against a provider that answers, but does nothing.
mock_provider "azurerm" {
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
}

variables {
  image              = "ghcr.io/example/iracing-pipeline@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  operator_addresses = ["192.0.2.1"]
  webserver_allowed  = ["10.8.0.0/24"]
  iracing_account = {
    client_id        = "mock-client"
    client_secret_id = "/subscriptions/mock/resourceGroups/mock/providers/Microsoft.KeyVault/vaults/mine/secrets/client"
  }
}

run "it_can_be_applied" {
  command = apply

  assert {
    condition     = module.iracing.webserver_url != null && module.iracing.metrics_query_url != null
    error_message = "Dagster and the managed Prometheus are there."
  }
}
