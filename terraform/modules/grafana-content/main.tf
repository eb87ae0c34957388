# Folders, data sources and dashboards of the very files that Compose provisions. Their uids are the
# same everywhere, so that links and bookmarks hold.

locals {
  root       = "${path.module}/../../.."
  dashboards = coalesce(var.dashboards_path, "${local.root}/grafana/dashboards")

  files = fileset(local.dashboards, "*/*.json")
  # Operations is there in any case: alerts live in it.
  folders = setunion(["operations"], [for file in local.files : dirname(file)])
}

resource "grafana_folder" "this" {
  for_each = local.folders
  uid      = "iracing-${each.key}"
  title    = title(each.key)
}

resource "grafana_dashboard" "this" {
  for_each    = local.files
  folder      = grafana_folder.this[dirname(each.key)].uid
  config_json = file("${local.dashboards}/${each.key}")
  overwrite   = true

  lifecycle {
    precondition {
      condition     = try(length(jsondecode(file("${local.dashboards}/${each.key}")).uid), 0) > 0
      error_message = "${each.key} has no uid: each apply would make another dashboard."
    }
  }
}

resource "grafana_data_source" "postgres" {
  name                                   = "iRacing PostgreSQL"
  uid                                    = "iracing-postgres"
  type                                   = "grafana-postgresql-datasource"
  url                                    = "${var.postgres.host}:${var.postgres.port}"
  username                               = var.postgres.user
  private_data_source_connect_network_id = var.postgres.pdc_network_id
  json_data_encoded = jsonencode(merge(
    {
      database        = var.postgres.database
      sslmode         = var.postgres.sslmode
      postgresVersion = 1700
      maxOpenConns    = 10
      maxIdleConns    = 2
      connMaxLifetime = 3600
    },
    var.postgres.pdc_network_id == null ? {} : { enableSecureSocksProxy = true },
  ))

  lifecycle {
    # The password: set once in Grafana, and not Terraform's to know.
    ignore_changes = [secure_json_data_encoded]
  }
}

resource "grafana_data_source" "prometheus" {
  name                                   = "iRacing Prometheus"
  uid                                    = "iracing-prometheus"
  type                                   = "prometheus"
  url                                    = var.prometheus.url
  basic_auth_enabled                     = var.prometheus.user != null
  basic_auth_username                    = var.prometheus.user
  private_data_source_connect_network_id = var.prometheus.pdc_network_id
  json_data_encoded = jsonencode(merge(
    {
      httpMethod     = "POST"
      prometheusType = "Prometheus"
      # Sessions hold ten values a second; the default of 15 s would be the finest step.
      timeInterval = "1s"
    },
    var.prometheus.sigv4_region == null ? {} : { sigV4Auth = true, sigV4AuthType = "default", sigV4Region = var.prometheus.sigv4_region },
    var.prometheus.pdc_network_id == null ? {} : { enableSecureSocksProxy = true },
  ))
  secure_json_data_encoded = var.prometheus_token == null ? null : jsonencode({ basicAuthPassword = var.prometheus_token })
}
