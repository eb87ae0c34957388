# The least on AWS: results collected every hour into a private database. No Dagster, no
# telemetry, no metrics.

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

  dagster_enabled    = false
  collector_schedule = "23 * * * *"
}
