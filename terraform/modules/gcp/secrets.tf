# Addresses of the database with the password of a role each, and the files that containers read: Cloud Run
# mounts files from nowhere else.

locals {
  files = merge(
    {
      dagster  = { path = "dagster.yaml", text = file("${local.shared}/dagster.yaml") }
      database = { path = "server-ca.pem", text = google_sql_database_instance.this.server_ca_cert[0].cert }
    },
    local.metrics ? {
      rules = { path = "recording.yml", text = file("${path.module}/../../../prometheus/rules/recording.yml") }
      prometheus = { path = "prometheus.yml", text = templatefile("${local.shared}/prometheus.yml.tftpl", {
        deployment   = local.prefix
        rules        = "/etc/iracing/rules/recording.yml"
        remote_write = local.remote_write
      }) }
    } : {},
  )
  file_names = concat(["dagster", "database"], local.metrics ? ["rules", "prometheus"] : [])
}

resource "google_secret_manager_secret" "database" {
  for_each  = toset(local.db_secret_names)
  project   = var.project_id
  secret_id = "${local.prefix}-${each.key}"
  labels    = local.labels
  replication {
    auto {}
  }
  depends_on = [google_project_service.this]
}

resource "google_secret_manager_secret_version" "database" {
  for_each               = toset(local.db_secret_names)
  secret                 = google_secret_manager_secret.database[each.key].id
  secret_data_wo         = local.db_secrets[each.key]
  secret_data_wo_version = var.db_credential_version
  depends_on             = [google_sql_user.this]
}

resource "google_secret_manager_secret" "file" {
  for_each  = toset(local.file_names)
  project   = var.project_id
  secret_id = "${local.prefix}-file-${each.key}"
  labels    = local.labels
  replication {
    auto {}
  }
  depends_on = [google_project_service.this]
}

# Nothing secret is in these: they may stand in the state.
resource "google_secret_manager_secret_version" "file" {
  for_each    = toset(local.file_names)
  secret      = google_secret_manager_secret.file[each.key].id
  secret_data = local.files[each.key].text
}
