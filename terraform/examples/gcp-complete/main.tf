# Everything on Google Cloud: Dagster all the time, a database with a standby, a fixed address to go out
# with, metrics in the cloud's own Prometheus.

terraform {
  required_version = "~> 1.11"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.50"
    }
  }

  # Keep the state where it is encrypted and locked, for example:
  # backend "gcs" {
  #   bucket = "my-terraform-state"
  #   prefix = "iracing/prod"
  # }
}

provider "google" {
  project = var.project_id
  region  = var.region
}

module "iracing" {
  source = "../../modules/gcp"

  region          = var.region
  image           = var.image
  iracing_account = var.iracing_account
  project_id      = var.project_id

  webserver_allowed    = var.webserver_allowed
  nat                  = true
  dagster_size         = "medium"
  db_size              = "medium"
  db_high_availability = true
  db_storage_gb        = 64
  db_backup_days       = 30
  telemetry_keep_days  = 180
  log_keep_days        = 90
  managed_prometheus   = true
  tags                 = { team = "racing" }
}
