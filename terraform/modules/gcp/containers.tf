# What every container of this project is given: environment, secrets, files.

locals {
  environment = merge(
    {
      DAGSTER_HOME = "/etc/iracing/dagster"
      IRACING_HOME = "/tmp/home"
      IRACING_LAKE = "gs://${google_storage_bucket.this["lake"].name}"
    },
    var.iracing_account == null ? {} : {
      IRACING_CLIENT_ID        = var.iracing_account.client_id
      IRACING_CALLS_PER_MINUTE = tostring(var.iracing_account.calls_per_minute)
    },
    try(var.iracing_account.username, null) == null ? {} : { IRACING_USERNAME = var.iracing_account.username },
  )
  # The webserver shows, and asks iRacing nothing: it gets the database alone.
  secrets = { for name, secret in { IRACING_DATABASE_URL = "database-url", DAGSTER_POSTGRES_URL = "dagster-url" } : name => local.db_refs[secret] }
  db_refs = { for name in local.db_secret_names : name => { secret = google_secret_manager_secret.database[name].secret_id, version = google_secret_manager_secret_version.database[name].version } }
  account_environment = merge(
    var.iracing_account == null ? {} : { IRACING_CLIENT_SECRET = { secret = var.iracing_account.client_secret_id, version = "latest" } },
    try(var.iracing_account.account_secret_id, null) == null ? {} : { IRACING_PASSWORD = { secret = var.iracing_account.account_secret_id, version = "latest" } },
  )
  cloud_environment = var.grafana_cloud == null ? {} : {
    IRACING_CLOUD_PUSH_URL  = var.grafana_cloud.remote_write_url
    IRACING_CLOUD_PUSH_USER = var.grafana_cloud.user
  }
  cloud_secrets = var.grafana_cloud == null ? {} : { IRACING_CLOUD_PUSH_TOKEN = { secret = var.grafana_cloud.token_secret_id, version = "latest" } }

  # What is written goes to /tmp, into the container's own memory: a volume of memory would be
  # root's, and nothing here is root. Frames go to the lake.
  mounts = { dagster = "/etc/iracing/dagster", database = "/etc/iracing/database" }
}
