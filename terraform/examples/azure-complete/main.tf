# Everything on Azure: Dagster all the time, a database with a standby, a fixed address to go out
# with, metrics in the cloud's own Prometheus.

terraform {
  required_version = "~> 1.11"

  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = "~> 4.80"
    }
  }

  # Keep the state where it is encrypted and locked, for example:
  # backend "azurerm" {
  #   resource_group_name  = "terraform"
  #   storage_account_name = "myterraformstate"
  #   container_name       = "state"
  #   key                  = "iracing/prod.tfstate"
  #   use_azuread_auth     = true
  # }
}

# It wants to be told the subscription: export ARM_SUBSCRIPTION_ID=...
provider "azurerm" {
  # The storage account takes no keys.
  storage_use_azuread = true
  features {}
}

module "iracing" {
  source = "../../modules/azure"

  region             = var.region
  image              = var.image
  iracing_account    = var.iracing_account
  operator_addresses = var.operator_addresses

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
