# Plans and applies against a provider that answers, but does nothing.
mock_provider "google" {
  mock_resource "google_sql_database_instance" {
    defaults = {
      private_ip_address = "10.42.128.3"
      server_ca_cert     = [{ cert = "-----BEGIN CERTIFICATE-----\nmock\n-----END CERTIFICATE-----\n", common_name = "mock", create_time = "", expiration_time = "", sha1_fingerprint = "" }]
    }
  }
  mock_resource "google_secret_manager_secret_version" {
    defaults = { version = "1" }
  }
  mock_resource "google_service_account" {
    defaults = { email = "mock@example-project.iam.gserviceaccount.com" }
  }
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
