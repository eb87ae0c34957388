# `iracing-pipeline collect` as a job. Two that overlap do not harm: the later leaves.

resource "google_cloud_run_v2_job" "collector" {
  project             = var.project_id
  name                = "${local.prefix}-collector"
  location            = var.region
  labels              = local.labels
  deletion_protection = false

  template {
    labels     = local.labels
    task_count = 1

    template {
      service_account = google_service_account.this["collector"].email
      timeout         = "3600s"
      # The next one comes soon enough, and goes on where this one stopped.
      max_retries = 0

      containers {
        name  = "collector"
        image = var.image
        args  = ["iracing-pipeline", "collect"]
        resources {
          limits = { cpu = "1", memory = "1Gi" }
        }
        dynamic "env" {
          for_each = local.environment
          content {
            name  = env.key
            value = env.value
          }
        }
        dynamic "env" {
          for_each = merge(local.secrets, local.account_environment)
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
      volumes {
        name = "scratch"
        empty_dir {
          medium     = local.scratch.medium
          size_limit = local.scratch.size_limit
        }
      }
      dynamic "volumes" {
        for_each = { for name in ["dagster", "database"] : name => local.pool_secrets[name] }
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
  }
  depends_on = [google_secret_manager_secret_iam_member.read]
}

resource "google_cloud_scheduler_job" "collector" {
  count            = var.collector_schedule == null ? 0 : 1
  project          = var.project_id
  name             = "${local.prefix}-collector"
  description      = "Asks iRacing for new results"
  region           = var.region
  schedule         = var.collector_schedule
  time_zone        = "Etc/UTC"
  attempt_deadline = "60s"

  retry_config {
    retry_count = 1
  }
  http_target {
    http_method = "POST"
    uri         = "https://run.googleapis.com/v2/${google_cloud_run_v2_job.collector.id}:run"
    oauth_token {
      service_account_email = google_service_account.this["schedule"].email
    }
  }

  lifecycle {
    precondition {
      condition     = var.iracing_account != null
      error_message = "The collector asks iRacing's Data API: set iracing_account, or collector_schedule = null."
    }
  }
}
