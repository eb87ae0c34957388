# Everything on AWS: Dagster all the time, a database with a standby, a fixed address to go out
# with, metrics in the cloud's own Prometheus.

terraform {
  required_version = "~> 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }

  # Keep the state where it is encrypted and locked, for example:
  # backend "s3" {
  #   bucket       = "my-terraform-state"
  #   key          = "iracing/prod.tfstate"
  #   region       = "eu-west-1"
  #   encrypt      = true
  #   use_lockfile = true
  # }
}

provider "aws" {
  region = var.region
}

module "iracing" {
  source = "../../modules/aws"

  region          = var.region
  image           = var.image
  iracing_account = var.iracing_account
  database_ca_pem = file(var.database_ca_file)

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
