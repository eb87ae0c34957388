# What every container of this project is given: files, folders, environment, secrets.

locals {
  files_to = "/etc/iracing"

  files = { "dagster.yaml" = file("${local.shared}/dagster.yaml") }
  metric_files = local.metrics ? {
    "recording.yml" = file("${path.module}/../../../prometheus/rules/recording.yml")
    "prometheus.yml" = templatefile("${local.shared}/prometheus.yml.tftpl", {
      deployment   = local.prefix
      rules        = "${local.files_to}/recording.yml"
      remote_write = local.remote_write
    })
  } : {}

  # Folders that all containers of a task share, by the name of their volume. Azure opens them to
  # every user by itself.
  volumes = { files = local.files_to, scratch = "/scratch", telemetry = "/telemetry" }

  environment = {
    DAGSTER_HOME               = local.files_to
    IRACING_HOME               = "/scratch/home"
    IRACING_TELEMETRY_DIR      = "/telemetry"
    IRACING_LAKE               = "az://${azurerm_storage_container.this["lake"].name}"
    AZURE_STORAGE_ACCOUNT_NAME = azurerm_storage_account.this.name
    AZURE_STORAGE_ANON         = "false"
  }

  # By what it opens: what is said openly, and what comes from the secret store, by
  # the name that it has in the container app.
  access = {
    dagster  = { environment = {}, secrets = { DAGSTER_POSTGRES_URL = "dagster-url" } }
    database = { environment = {}, secrets = { IRACING_DATABASE_URL = "database-url" } }
    # The identity that may read and write the lake.
    lake = { environment = { AZURE_CLIENT_ID = azurerm_user_assigned_identity.this["dagster"].client_id }, secrets = {} }
    account = {
      environment = merge(
        var.iracing_account == null ? {} : {
          IRACING_CLIENT_ID        = var.iracing_account.client_id
          IRACING_CALLS_PER_MINUTE = tostring(var.iracing_account.calls_per_minute)
        },
        try(var.iracing_account.username, null) == null ? {} : { IRACING_USERNAME = var.iracing_account.username },
      )
      secrets = merge(
        var.iracing_account == null ? {} : { IRACING_CLIENT_SECRET = "client-secret" },                          #checkov:skip=CKV_SECRET_6:the name of a secret, not one
        try(var.iracing_account.account_secret_id, null) == null ? {} : { IRACING_PASSWORD = "account-secret" }, #checkov:skip=CKV_SECRET_6:the name of a secret, not one
      )
    }
    cloud = {
      environment = var.grafana_cloud == null ? {} : {
        IRACING_CLOUD_PUSH_URL  = var.grafana_cloud.remote_write_url
        IRACING_CLOUD_PUSH_USER = var.grafana_cloud.user
      }
      secrets = var.grafana_cloud == null ? {} : { IRACING_CLOUD_PUSH_TOKEN = "cloud-token" } #checkov:skip=CKV_SECRET_6:the name of a secret, not one
    }
  }
  # What each container is let have. Only runs and the collector ask iRacing, and runs happen in the
  # code server; the daemon and the webserver know Dagster's storage alone.
  needs = {
    code-server = ["dagster", "database", "lake", "account", "cloud"]
    daemon      = ["dagster"]
    webserver   = ["dagster"]
    metrics     = ["dagster", "database", "lake"]
    collector   = ["dagster", "database", "account"]
  }
  environments = { for part, needs in local.needs : part => merge(local.environment, [for name in needs : local.access[name].environment]...) }
  secrets      = { for part, needs in local.needs : part => merge([for name in needs : local.access[name].secrets]...) }

  # Roles, databases and tables, before anything else starts: in Dagster's replica, and in the
  # collector's where that is the only one.
  migrate         = ["python", "-c", file("${local.shared}/migrate.py")]
  migrate_secrets = { IRACING_ADMIN_DATABASE_URL = "admin-url", IRACING_DATABASE_URL = "owner-url", DAGSTER_POSTGRES_URL = "dagster-url", ROLE_PASSWORDS = "roles" }

  write_files = ["python", "-c", file("${local.shared}/write_files.py")]
}
