# What every container of this project is given: environment, secrets, files.

locals {
  environment = {
    DAGSTER_HOME = "/etc/iracing/dagster"
    IRACING_HOME = "/tmp/home"
    IRACING_LAKE = "gs://${google_storage_bucket.this["lake"].name}"
  }
  db_refs = { for name in local.db_secret_names : name => { secret = google_secret_manager_secret.database[name].secret_id, version = google_secret_manager_secret_version.database[name].version } }

  # By what it opens: what is said openly, and what comes from the secret store.
  access = {
    dagster   = { environment = {}, secrets = { DAGSTER_POSTGRES_URL = local.db_refs["dagster-url"] } }
    database  = { environment = {}, secrets = { IRACING_DATABASE_URL = local.db_refs["database-url"] } }
    telemetry = { environment = { IRACING_TELEMETRY_DIR = "/telemetry" }, secrets = {} }
    account = {
      environment = merge(
        var.iracing_account == null ? {} : {
          IRACING_CLIENT_ID        = var.iracing_account.client_id
          IRACING_CALLS_PER_MINUTE = tostring(var.iracing_account.calls_per_minute)
        },
        try(var.iracing_account.username, null) == null ? {} : { IRACING_USERNAME = var.iracing_account.username },
      )
      secrets = merge(
        var.iracing_account == null ? {} : { IRACING_CLIENT_SECRET = { secret = var.iracing_account.client_secret_id, version = "latest" } },
        try(var.iracing_account.account_secret_id, null) == null ? {} : { IRACING_PASSWORD = { secret = var.iracing_account.account_secret_id, version = "latest" } },
      )
    }
    cloud = {
      environment = var.grafana_cloud == null ? {} : {
        IRACING_CLOUD_PUSH_URL  = var.grafana_cloud.remote_write_url
        IRACING_CLOUD_PUSH_USER = var.grafana_cloud.user
      }
      secrets = var.grafana_cloud == null ? {} : { IRACING_CLOUD_PUSH_TOKEN = { secret = var.grafana_cloud.token_secret_id, version = "latest" } }
    }
  }
  # What each container is let have. Only runs and the collector ask iRacing, and runs happen in the
  # pool's code server; the daemon and the webserver know Dagster's storage alone. The webserver's
  # own code server starts no run: it says what there is, and tries a sensor where somebody asks.
  needs = {
    code-server    = ["dagster", "database", "telemetry", "account", "cloud"]
    daemon         = ["dagster"]
    metrics        = ["dagster", "database", "telemetry"]
    webserver      = ["dagster"]
    webserver-code = ["dagster", "database"]
    collector      = ["dagster", "database", "account"]
  }
  environments = { for part, needs in local.needs : part => merge(local.environment, [for name in needs : local.access[name].environment]...) }
  secrets      = { for part, needs in local.needs : part => merge([for name in needs : local.access[name].secrets]...) }

  # What is written goes to /tmp, into the container's own memory: a volume of memory would be
  # root's, and nothing here is root. Frames go to the lake.
  mounts        = { dagster = "/etc/iracing/dagster", database = "/etc/iracing/database" }
  mount_secrets = { for name in keys(local.mounts) : name => local.pool_secrets[name] }
}
