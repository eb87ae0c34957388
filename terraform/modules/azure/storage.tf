# The lake keeps frames for good; uploads wait here until they are loaded.

resource "azurerm_storage_account" "this" {
  name                              = local.account_name
  resource_group_name               = azurerm_resource_group.this.name
  location                          = var.region
  account_tier                      = "Standard"
  account_replication_type          = "ZRS"
  account_kind                      = "StorageV2"
  min_tls_version                   = "TLS1_2"
  https_traffic_only_enabled        = true
  shared_access_key_enabled         = false
  local_user_enabled                = false
  default_to_oauth_authentication   = true
  allow_nested_items_to_be_public   = false
  cross_tenant_replication_enabled  = false
  infrastructure_encryption_enabled = true
  tags                              = local.tags

  blob_properties {
    versioning_enabled = true
    delete_retention_policy {
      days = 30
    }
    container_delete_retention_policy {
      days = 30
    }
  }
  network_rules {
    default_action             = "Deny"
    bypass                     = ["AzureServices"]
    ip_rules                   = var.operator_addresses
    virtual_network_subnet_ids = [azurerm_subnet.containers.id]
  }

  #checkov:skip=CKV_AZURE_43:the name is worked out; a test holds its length and letters
  #checkov:skip=CKV_AZURE_59:uploads come from outside; all but operator_addresses and the containers are refused
  #checkov:skip=CKV_AZURE_206:frames are a copy of files that the driver has; three zones are enough
  #checkov:skip=CKV2_AZURE_33:the containers come by a service endpoint, which costs nothing
  #checkov:skip=CKV2_AZURE_1:Azure's own keys encrypt it, twice; a key of one's own is one more thing to lose
  #checkov:skip=CKV_AZURE_33:it has no queues
  #checkov:skip=CKV2_AZURE_41:shared keys are off, so nobody can sign access with one
}

resource "azurerm_storage_container" "this" {
  for_each              = toset(["lake", "telemetry"])
  name                  = each.key
  storage_account_id    = azurerm_storage_account.this.id
  container_access_type = "private"

  #checkov:skip=CKV2_AZURE_21:reads are told by the activity log where they are wanted
}

resource "azurerm_storage_management_policy" "this" {
  storage_account_id = azurerm_storage_account.this.id

  rule {
    name    = "uploads"
    enabled = true
    filters {
      blob_types   = ["blockBlob"]
      prefix_match = ["telemetry/"]
    }
    actions {
      base_blob {
        delete_after_days_since_creation_greater_than = var.telemetry_keep_days
      }
    }
  }
  rule {
    name    = "old-versions"
    enabled = true
    filters {
      blob_types = ["blockBlob"]
    }
    actions {
      version {
        delete_after_days_since_creation = 30
      }
    }
  }
}
