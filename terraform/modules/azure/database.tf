locals {
  # The burstable sizes have no standby.
  db_skus = {
    small  = "B_Standard_B1ms"
    medium = var.db_high_availability ? "GP_Standard_D2ds_v5" : "B_Standard_B2s"
    large  = "GP_Standard_D2ds_v5"
  }
  db_name = "iracing"

  # Made anew whenever Terraform runs, and used only when db_credential_version is a new one. A
  # local is evaluated once an apply, so the server and the secrets get the same; their arguments
  # are write-only, so these are kept nowhere else. (122 random bits, and no character to escape.)
  db_admin = "iracing_admin"
  db_credentials = {
    iracing_admin  = uuid()
    iracing_owner  = uuid()
    iracing_app    = uuid()
    dagster        = uuid()
    grafana_reader = uuid()
  }
  db_at = "${azurerm_postgresql_flexible_server.this.fqdn}:5432"
  # Azure's servers are signed by authorities that every system knows.
  db_tls = "sslmode=verify-full&sslrootcert=/etc/ssl/certs/ca-certificates.crt"

  # What each container is let in with; the administrator and the owner are for migrations alone.
  db_secrets = {
    admin-url    = "postgresql://${local.db_admin}:${local.db_credentials.iracing_admin}@${local.db_at}/postgres?${local.db_tls}"
    owner-url    = "postgresql://iracing_owner:${local.db_credentials.iracing_owner}@${local.db_at}/${local.db_name}?${local.db_tls}"
    database-url = "postgresql://iracing_app:${local.db_credentials.iracing_app}@${local.db_at}/${local.db_name}?${local.db_tls}"
    dagster-url  = "postgresql+psycopg2://dagster:${local.db_credentials.dagster}@${local.db_at}/dagster?${local.db_tls}"
    roles        = jsonencode({ for role, credential in local.db_credentials : role => credential if role != local.db_admin })
  }
  db_secret_names = ["admin-url", "owner-url", "database-url", "dagster-url", "roles"]
}

resource "azurerm_postgresql_flexible_server" "this" {
  name                          = "${local.prefix}-${local.unique}"
  resource_group_name           = azurerm_resource_group.this.name
  location                      = var.region
  version                       = "17"
  sku_name                      = local.db_skus[var.db_size]
  storage_mb                    = var.db_storage_gb * 1024
  auto_grow_enabled             = true
  backup_retention_days         = var.db_backup_days
  public_network_access_enabled = false
  delegated_subnet_id           = azurerm_subnet.database.id
  private_dns_zone_id           = azurerm_private_dns_zone.database.id
  tags                          = local.tags

  administrator_login               = local.db_admin
  administrator_password_wo         = local.db_credentials[local.db_admin]
  administrator_password_wo_version = var.db_credential_version

  # With a standby in another zone, backups go to another region too.
  geo_redundant_backup_enabled = var.db_high_availability

  dynamic "high_availability" {
    for_each = var.db_high_availability ? [true] : []
    content {
      mode = "ZoneRedundant"
    }
  }
  maintenance_window {
    day_of_week  = 2
    start_hour   = 12
    start_minute = 0
  }

  #checkov:skip=CKV_AZURE_136:backups in a second region come with db_high_availability; it doubles their price
  #checkov:skip=CKV2_AZURE_57:a server in a delegated subnet has a private address already, and takes no private endpoint

  depends_on = [azurerm_private_dns_zone_virtual_network_link.database, azurerm_subnet_network_security_group_association.database]

  lifecycle {
    # Azure places the server, and moves it when its zone fails.
    ignore_changes = [zone, high_availability[0].standby_availability_zone]
    postcondition {
      condition     = !self.public_network_access_enabled
      error_message = "The database must have no public address."
    }
  }
}

resource "azurerm_postgresql_flexible_server_configuration" "this" {
  for_each = {
    require_secure_transport   = "on"
    ssl_min_protocol_version   = "TLSv1.2"
    log_min_duration_statement = "5000"
    log_statement              = "ddl"
  }
  name      = each.key
  server_id = azurerm_postgresql_flexible_server.this.id
  value     = each.value
}

# Azure has neither deletion protection nor a last snapshot: the lock is the one, and backups of a
# dropped server, which Azure keeps for five days, the other.
resource "azurerm_management_lock" "this" {
  for_each   = var.deletion_protection ? { database = azurerm_postgresql_flexible_server.this.id, storage = azurerm_storage_account.this.id } : {}
  name       = "${local.prefix}-${each.key}"
  scope      = each.value
  lock_level = "CanNotDelete"
  notes      = "deletion_protection"
}
