# The least on Google Cloud: results collected every hour into a private database. No Dagster, no
# telemetry, no metrics.

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

  dagster_enabled    = false
  collector_schedule = "23 * * * *"
}
