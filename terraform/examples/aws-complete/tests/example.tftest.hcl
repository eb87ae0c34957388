# Plans and applies against a provider that answers, but does nothing.
mock_provider "aws" {
  source = "../../modules/aws/tests/mocks"
}

variables {
  image             = "ghcr.io/example/iracing-pipeline@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  database_ca_file  = "tests/authority.pem"
  webserver_allowed = ["10.8.0.0/24"]
  iracing_account = {
    client_id        = "mock-client"
    client_secret_id = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:client"
  }
}

run "it_can_be_applied" {
  command = apply

  assert {
    condition     = module.iracing.webserver_url != null && module.iracing.metrics_query_url != null
    error_message = "Dagster and the managed Prometheus are there."
  }
}
