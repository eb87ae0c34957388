# The daemon with its code server in a worker pool of exactly one, and the webserver by itself:
# a pool takes no requests, and a service may be started twice.

locals {
  dagster_sizes = {
    small  = { cpu = "1", memory = "2Gi" }
    medium = { cpu = "2", memory = "4Gi" }
    large  = { cpu = "4", memory = "8Gi" }
  }
  code_server = ["--grpc-host", "127.0.0.1", "--grpc-port", "4000"]

  # Runs happen in the code server, so it gets what was asked for; the others get what they need.
  pool_containers = merge(
    {
      code-server = {
        image  = var.image, cpu = local.dagster_sizes[var.dagster_size].cpu, memory = local.dagster_sizes[var.dagster_size].memory
        args   = ["dagster", "api", "grpc", "-h", "127.0.0.1", "-p", "4000", "-m", "iracing_pipeline.definitions"]
        mounts = local.pool_mounts
      }
      daemon = {
        image  = var.image, cpu = "1", memory = "1Gi"
        args   = concat(["dagster-daemon", "run"], local.code_server)
        mounts = local.mounts
      }
      metrics = {
        image  = var.image, cpu = "1", memory = "1Gi"
        args   = ["iracing-pipeline", "metrics"]
        mounts = local.pool_mounts
      }
    },
    local.metrics ? {
      prometheus = {
        image  = local.prometheus_image, cpu = "1", memory = "512Mi"
        args   = local.prometheus_args
        mounts = merge({ rules = "/etc/iracing/rules", prometheus = "/etc/iracing/prometheus" }, var.grafana_cloud == null ? {} : { cloud = "/etc/iracing/cloud" })
      }
    } : {},
  )
  # The webserver does not listen before it has its code, so that it listens is enough to know.
  webserver_containers = {
    webserver = {
      args       = concat(["dagster-webserver", "-h", "0.0.0.0", "-p", "3000"], local.code_server)
      depends_on = ["code-server"], ports = [3000], listens_on = 3000, needs = "webserver"
    }
    code-server = {
      args       = ["dagster", "api", "grpc", "-h", "0.0.0.0", "-p", "4000", "-m", "iracing_pipeline.definitions"]
      depends_on = null, ports = [], listens_on = 4000, needs = "webserver-code"
    }
  }
  # A disk that Cloud Run does not have is not needed to read uploads: the bucket is a folder.
  pool_mounts = merge(local.mounts, { telemetry = "/telemetry" })
  pool_secrets = merge(
    { for name in local.file_names : name => { secret = google_secret_manager_secret.file[name].secret_id, path = local.files[name].path, version = google_secret_manager_secret_version.file[name].version } },
    var.grafana_cloud == null ? {} : { cloud = { secret = var.grafana_cloud.token_secret_id, path = "token", version = "latest" } },
  )
}

resource "google_cloud_run_v2_worker_pool" "dagster" {
  count               = var.dagster_enabled ? 1 : 0
  project             = var.project_id
  name                = "${local.prefix}-dagster"
  location            = var.region
  labels              = local.labels
  deletion_protection = false

  scaling {
    scaling_mode          = "MANUAL"
    manual_instance_count = 1
  }
  template {
    service_account = google_service_account.this["dagster"].email
    labels          = local.labels

    dynamic "containers" {
      for_each = local.pool_containers
      content {
        name  = containers.key
        image = containers.value.image
        args  = containers.value.args
        resources {
          limits = { cpu = containers.value.cpu, memory = containers.value.memory }
        }
        dynamic "env" {
          for_each = lookup(local.environments, containers.key, {})
          content {
            name  = env.key
            value = env.value
          }
        }
        dynamic "env" {
          for_each = lookup(local.secrets, containers.key, {})
          content {
            name = env.key
            value_source {
              secret_key_ref {
                secret  = env.value.secret
                version = env.value.version
              }
            }
          }
        }
        dynamic "volume_mounts" {
          for_each = containers.value.mounts
          content {
            name       = volume_mounts.key
            mount_path = volume_mounts.value
          }
        }
      }
    }
    volumes {
      name = "telemetry"
      gcs {
        bucket    = google_storage_bucket.this["telemetry"].name
        read_only = true
      }
    }
    dynamic "volumes" {
      for_each = local.pool_secrets
      content {
        name = volumes.key
        secret {
          secret = volumes.value.secret
          items {
            path    = volumes.value.path
            version = volumes.value.version
          }
        }
      }
    }
    vpc_access {
      egress = local.egress
      network_interfaces {
        network    = google_compute_network.this.id
        subnetwork = google_compute_subnetwork.containers.id
      }
    }
  }
  depends_on = [google_secret_manager_secret_iam_member.read]
}

resource "google_cloud_run_v2_service" "webserver" {
  count                = var.dagster_enabled ? 1 : 0
  project              = var.project_id
  name                 = "${local.prefix}-webserver"
  location             = var.region
  labels               = local.labels
  ingress              = "INGRESS_TRAFFIC_INTERNAL_ONLY"
  invoker_iam_disabled = false
  deletion_protection  = false

  template {
    service_account = google_service_account.this["webserver"].email
    labels          = local.labels
    # Sleeps when nobody looks.
    scaling {
      min_instance_count = 0
      max_instance_count = 1
    }

    dynamic "containers" {
      for_each = local.webserver_containers
      content {
        name       = containers.key
        image      = var.image
        args       = containers.value.args
        depends_on = containers.value.depends_on
        dynamic "ports" {
          for_each = containers.value.ports
          content {
            container_port = ports.value
          }
        }
        resources {
          limits   = { cpu = "1", memory = "1Gi" }
          cpu_idle = false
        }
        startup_probe {
          period_seconds    = 10
          timeout_seconds   = 5
          failure_threshold = 24
          tcp_socket {
            port = containers.value.listens_on
          }
        }
        dynamic "env" {
          for_each = local.environments[containers.value.needs]
          content {
            name  = env.key
            value = env.value
          }
        }
        dynamic "env" {
          for_each = local.secrets[containers.value.needs]
          content {
            name = env.key
            value_source {
              secret_key_ref {
                secret  = env.value.secret
                version = env.value.version
              }
            }
          }
        }
        dynamic "volume_mounts" {
          for_each = local.mounts
          content {
            name       = volume_mounts.key
            mount_path = volume_mounts.value
          }
        }
      }
    }
    dynamic "volumes" {
      for_each = local.mount_secrets
      content {
        name = volumes.key
        secret {
          secret = volumes.value.secret
          items {
            path    = volumes.value.path
            version = volumes.value.version
          }
        }
      }
    }
    vpc_access {
      egress = local.egress
      network_interfaces {
        network    = google_compute_network.this.id
        subnetwork = google_compute_subnetwork.containers.id
      }
    }
  }
  depends_on = [google_secret_manager_secret_iam_member.read]

  lifecycle {
    postcondition {
      condition     = self.ingress == "INGRESS_TRAFFIC_INTERNAL_ONLY"
      error_message = "Dagster's webserver must not be reached from outside."
    }
  }
}

check "webserver_can_be_reached" {
  assert {
    condition     = !var.dagster_enabled || length(var.webserver_allowed) > 0
    error_message = "Dagster runs, but nobody may look at it: name people in webserver_allowed."
  }
}
