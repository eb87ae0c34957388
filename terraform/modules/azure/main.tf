# What the other files share: names, tags, the resource group, the identities, the log.

data "azurerm_client_config" "current" {}

locals {
  prefix = "${var.name}-${var.environment}"
  tags   = merge(var.tags, { application = var.name, environment = var.environment, managed_by = "terraform" })

  # Vaults and storage accounts have names that nobody in the world has twice, of 24 characters.
  unique       = substr(sha256("${data.azurerm_client_config.current.subscription_id}/${local.prefix}/${var.region}"), 0, 6)
  vault_name   = "${trimsuffix(substr(local.prefix, 0, 16), "-")}-${local.unique}"
  account_name = "${substr("${var.name}${var.environment}", 0, 16)}${local.unique}"

  # Read by this project's containers; the files are those of the other clouds and of Compose.
  shared = "${path.module}/../../files"
}

resource "azurerm_resource_group" "this" {
  name     = local.prefix
  location = var.region
  tags     = local.tags
}

resource "azurerm_user_assigned_identity" "this" {
  for_each            = toset(["dagster", "collector"])
  name                = "${local.prefix}-${each.key}"
  resource_group_name = azurerm_resource_group.this.name
  location            = var.region
  tags                = local.tags
}

resource "azurerm_log_analytics_workspace" "this" {
  name                = local.prefix
  resource_group_name = azurerm_resource_group.this.name
  location            = var.region
  sku                 = "PerGB2018"
  retention_in_days   = var.log_keep_days
  tags                = local.tags
}
