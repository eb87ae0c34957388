# What every container of this project is given: files, folders, environment, secrets, log.

locals {
  files_to = "/etc/iracing"

  metrics = var.managed_prometheus || var.grafana_cloud != null
  remote_write = one(concat(
    [for cloud in var.grafana_cloud[*] : {
      url        = cloud.remote_write_url
      basic_auth = { username = cloud.user, password_file = "${local.files_to}/cloud_token" }
    }],
    [for workspace in aws_prometheus_workspace.this : {
      url   = "${workspace.prometheus_endpoint}api/v1/remote_write"
      sigv4 = { region = var.region }
    }],
  ))

  files = {
    "dagster.yaml"    = file("${local.shared}/dagster.yaml")
    "database-ca.pem" = var.database_ca_pem
  }
  metric_files = local.metrics ? {
    "recording.yml" = file("${path.module}/../../../prometheus/rules/recording.yml")
    "prometheus.yml" = templatefile("${local.shared}/prometheus.yml.tftpl", {
      deployment   = local.prefix
      rules        = "${local.files_to}/recording.yml"
      remote_write = local.remote_write
    })
  } : {}

  # Folders that all containers of a task share, by the name of their volume.
  volumes = { files = local.files_to, scratch = "/scratch", tmp = "/tmp", telemetry = "/telemetry" }

  environment = {
    DAGSTER_HOME          = local.files_to
    IRACING_HOME          = "/scratch/home"
    IRACING_TELEMETRY_DIR = "/telemetry"
    IRACING_LAKE          = "s3://${aws_s3_bucket.this["lake"].bucket}"
    AWS_REGION            = var.region
  }
  db_arns = { for name, secret in aws_secretsmanager_secret.database : name => secret.arn }

  # By what it opens: what is said openly, and what comes from the secret store.
  access = {
    dagster  = { environment = {}, secrets = { DAGSTER_POSTGRES_URL = local.db_arns["dagster-url"] } }
    database = { environment = {}, secrets = { IRACING_DATABASE_URL = local.db_arns["database-url"] } }
    account = {
      environment = merge(
        var.iracing_account == null ? {} : {
          IRACING_CLIENT_ID        = var.iracing_account.client_id
          IRACING_CALLS_PER_MINUTE = tostring(var.iracing_account.calls_per_minute)
        },
        try(var.iracing_account.username, null) == null ? {} : { IRACING_USERNAME = var.iracing_account.username },
      )
      secrets = merge(
        var.iracing_account == null ? {} : { IRACING_CLIENT_SECRET = var.iracing_account.client_secret_id },
        try(var.iracing_account.account_secret_id, null) == null ? {} : { IRACING_PASSWORD = var.iracing_account.account_secret_id },
      )
    }
    cloud = {
      environment = var.grafana_cloud == null ? {} : {
        IRACING_CLOUD_PUSH_URL  = var.grafana_cloud.remote_write_url
        IRACING_CLOUD_PUSH_USER = var.grafana_cloud.user
      }
      secrets = var.grafana_cloud == null ? {} : { IRACING_CLOUD_PUSH_TOKEN = var.grafana_cloud.token_secret_id }
    }
  }
  # What each container is let have. Only runs and the collector ask iRacing, and runs happen in the
  # code server; the daemon and the webserver know Dagster's storage alone.
  needs = {
    code-server = ["dagster", "database", "account", "cloud"]
    daemon      = ["dagster"]
    webserver   = ["dagster"]
    metrics     = ["dagster", "database"]
    collector   = ["dagster", "database", "account"]
  }
  environments = { for part, needs in local.needs : part => merge(local.environment, [for name in needs : local.access[name].environment]...) }
  secrets      = { for part, needs in local.needs : part => merge([for name in needs : local.access[name].secrets]...) }

  mounts = [for name, path in local.volumes : { sourceVolume = name, containerPath = path, readOnly = false }]
  log = {
    logDriver = "awslogs"
    options = {
      awslogs-group         = aws_cloudwatch_log_group.containers.name
      awslogs-region        = var.region
      awslogs-stream-prefix = "iracing"
    }
  }
  closed = {
    readonlyRootFilesystem = true
    linuxParameters        = { initProcessEnabled = true, capabilities = { drop = ["ALL"] } }
    mountPoints            = local.mounts
    logConfiguration       = local.log
  }
  project = { for part, secrets in local.secrets : part => merge(local.closed, {
    name        = part
    image       = var.image
    environment = [for name, value in local.environments[part] : { name = name, value = value }]
    secrets     = [for name, arn in secrets : { name = name, valueFrom = arn }]
  }) }

  # As root, but on a read-only disk and for a second: the folders of a task belong to root.
  write_files = {
    for part, files in { dagster = merge(local.files, local.metric_files), collector = local.files } : part => merge(local.closed, {
      name            = "files"
      image           = var.image
      essential       = false
      user            = "0"
      entryPoint      = ["python", "-c", file("${local.shared}/write_files.py")]
      linuxParameters = { initProcessEnabled = true }
      environment = [
        { name = "FILES", value = jsonencode(files) },
        { name = "FILES_TO", value = local.files_to },
        { name = "SCRATCH", value = join(",", [for name, path in local.volumes : path if name != "files"]) },
      ]
      secrets = part == "dagster" && var.grafana_cloud != null ? [{ name = "CLOUD_TOKEN", valueFrom = try(var.grafana_cloud.token_secret_id, "") }] : []
    })
  }
  # Roles, databases and tables, before anything else starts: in Dagster's task, and in the
  # collector's where that is the only one.
  migrate = merge(local.closed, {
    name        = "migrate"
    image       = var.image
    essential   = false
    entryPoint  = ["python", "-c", file("${local.shared}/migrate.py")]
    dependsOn   = [local.after_files]
    environment = [{ name = "DAGSTER_HOME", value = local.files_to }]
    secrets = [
      { name = "IRACING_ADMIN_DATABASE_URL", valueFrom = local.db_arns["admin-url"] },
      { name = "IRACING_DATABASE_URL", valueFrom = local.db_arns["owner-url"] },
      { name = "DAGSTER_POSTGRES_URL", valueFrom = local.db_arns["dagster-url"] },
      { name = "ROLE_PASSWORDS", valueFrom = local.db_arns["roles"] },
    ]
  })
  after_migration = { containerName = "migrate", condition = "SUCCESS" }
  after_files     = { containerName = "files", condition = "SUCCESS" }
}
