# What the other files share: names, labels, and the services that the project needs.

locals {
  prefix = "${var.name}-${var.environment}"
  labels = merge(var.tags, { application = var.name, environment = var.environment, managed_by = "terraform" })

  # Read by this project's containers; the files are those of the other clouds and of Compose.
  shared = "${path.module}/../../files"

  services = toset([
    "cloudscheduler.googleapis.com", "compute.googleapis.com", "iam.googleapis.com", "logging.googleapis.com",
    "monitoring.googleapis.com", "run.googleapis.com", "secretmanager.googleapis.com", "servicenetworking.googleapis.com",
    "sqladmin.googleapis.com", "storage.googleapis.com",
  ])
}

resource "google_project_service" "this" {
  for_each           = local.services
  project            = var.project_id
  service            = each.key
  disable_on_destroy = false
}

# Cloud Run logs to the project's own bucket, which keeps 30 days; what this deployment wrote goes
# to one of its own, which keeps what was asked for. A bucket of the same project lets the sink in.
resource "google_logging_project_bucket_config" "this" {
  project        = var.project_id
  location       = var.region
  bucket_id      = local.prefix
  retention_days = var.log_keep_days
  depends_on     = [google_project_service.this]
}

resource "google_logging_project_sink" "this" {
  project                = var.project_id
  name                   = local.prefix
  destination            = "logging.googleapis.com/${google_logging_project_bucket_config.this.id}"
  filter                 = "resource.labels.service_name=~\"^${local.prefix}-\" OR resource.labels.job_name=~\"^${local.prefix}-\" OR resource.labels.worker_pool_name=~\"^${local.prefix}-\""
  unique_writer_identity = true
}
