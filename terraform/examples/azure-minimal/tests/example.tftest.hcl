# Plans and applies against a provider that answers, but does nothing.
mock_provider "azurerm" {
  source = "../../modules/azure/tests/mocks"
}

variables {
  image              = "ghcr.io/example/iracing-pipeline@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  operator_addresses = ["192.0.2.1"]
  iracing_account = {
    client_id        = "mock-client"
    client_secret_id = "/subscriptions/mock/resourceGroups/mock/providers/Microsoft.KeyVault/vaults/mine/secrets/client"
  }
}

run "it_can_be_applied" {
  command = apply

  assert {
    condition     = module.iracing.webserver_url == null && module.iracing.metrics_query_url == null
    error_message = "Nothing but the collector and its database."
  }
}
