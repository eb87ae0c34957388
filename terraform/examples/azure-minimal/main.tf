# The least on Azure: results collected every hour into a private database. No Dagster, no
# telemetry, no metrics.

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

  dagster_enabled    = false
  collector_schedule = "23 * * * *"
}
