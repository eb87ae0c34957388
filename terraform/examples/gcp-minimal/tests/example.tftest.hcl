# Plans and applies against a provider that answers, but does nothing.
mock_provider "google" {
  source = "../../modules/gcp/tests/mocks"
}

variables {
  image      = "ghcr.io/example/iracing-pipeline@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  project_id = "example-project"
  iracing_account = {
    client_id        = "mock-client"
    client_secret_id = "projects/example-project/secrets/client"
  }
}

run "it_can_be_applied" {
  command = apply

  assert {
    condition     = module.iracing.webserver_url == null && module.iracing.metrics_query_url == null
    error_message = "Nothing but the collector and its database."
  }
}
