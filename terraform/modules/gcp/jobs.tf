# The two jobs: `iracing-pipeline collect`, and the migrations, which are run by hand. Cloud Run has
# no container that runs before others: run what output migrate says after each apply that changed
# the image or db_credential_version.

locals {
  jobs = {
    # Two that overlap do not harm: the later leaves.
    collector = {
      command     = null
      args        = ["iracing-pipeline", "collect"]
      environment = local.environments["collector"]
      secrets     = local.secrets["collector"]
    }
    # Not by the image's entrypoint, which would read passwords from files that are not here.
    migrate = {
      command     = ["python", "-c", file("${local.shared}/migrate.py")]
      args        = null
      environment = { DAGSTER_HOME = local.environment.DAGSTER_HOME }
      secrets = { for name, secret in {
        IRACING_ADMIN_DATABASE_URL = "admin-url"
        IRACING_DATABASE_URL       = "owner-url"
        DAGSTER_POSTGRES_URL       = "dagster-url"
        ROLE_PASSWORDS             = "roles"
      } : name => local.db_refs[secret] }
    }
  }
}

resource "google_cloud_run_v2_job" "this" {
  for_each            = local.jobs
  project             = var.project_id
  name                = "${local.prefix}-${each.key}"
  location            = var.region
  labels              = local.labels
  deletion_protection = false

  template {
    labels     = local.labels
    task_count = 1

    template {
      service_account = google_service_account.this[each.key].email
      timeout         = "3600s"
      # The next collection comes soon enough, and goes on where this one stopped.
      max_retries = 0

      containers {
        name    = each.key
        image   = var.image
        command = each.value.command
        args    = each.value.args
        resources {
          limits = { cpu = "1", memory = "1Gi" }
        }
        dynamic "env" {
          for_each = each.value.environment
          content {
            name  = env.key
            value = env.value
          }
        }
        dynamic "env" {
          for_each = each.value.secrets
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
  }
  depends_on = [google_secret_manager_secret_iam_member.read]
}
