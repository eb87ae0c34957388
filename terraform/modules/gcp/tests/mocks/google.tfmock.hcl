# What the provider would answer, as far as the module makes something of it.
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
