locals {
  db_tiers = { small = "db-f1-micro", medium = "db-custom-1-3840", large = "db-custom-2-7680" }
  db_name  = "iracing"

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
  db_at = "${google_sql_database_instance.this.private_ip_address}:5432"
  # Its certificate is signed by an authority that the instance has for itself and is made out to
  # its name at Google, not to an address: trusting that authority alone says that it is this one.
  db_tls = "sslmode=verify-ca&sslrootcert=/etc/iracing/database/server-ca.pem"

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

resource "google_sql_database_instance" "this" {
  project             = var.project_id
  name                = local.prefix
  region              = var.region
  database_version    = "POSTGRES_17"
  deletion_protection = var.deletion_protection
  depends_on          = [google_service_networking_connection.services]

  settings {
    tier                        = local.db_tiers[var.db_size]
    edition                     = "ENTERPRISE"
    availability_type           = var.db_high_availability ? "REGIONAL" : "ZONAL"
    disk_type                   = "PD_SSD"
    disk_size                   = var.db_storage_gb
    disk_autoresize             = true
    disk_autoresize_limit       = 2 * var.db_storage_gb
    deletion_protection_enabled = var.deletion_protection
    # What a final snapshot is elsewhere: backups outlive the instance.
    retain_backups_on_delete = true
    user_labels              = local.labels

    ip_configuration {
      ipv4_enabled    = false
      private_network = google_compute_network.this.id
      ssl_mode        = "ENCRYPTED_ONLY"
    }
    backup_configuration {
      enabled                        = true
      start_time                     = "03:00"
      point_in_time_recovery_enabled = true
      # The most that this edition keeps of the log.
      transaction_log_retention_days = min(7, var.db_backup_days)
      backup_retention_settings {
        retained_backups = var.db_backup_days
        retention_unit   = "COUNT"
      }
    }
    maintenance_window {
      day  = 2
      hour = 12
    }
    insights_config {
      query_insights_enabled = true
    }
    database_flags {
      name  = "log_checkpoints"
      value = "on"
    }
    database_flags {
      name  = "log_connections"
      value = "on"
    }
    database_flags {
      name  = "log_disconnections"
      value = "on"
    }
    database_flags {
      name  = "log_lock_waits"
      value = "on"
    }
    database_flags {
      name  = "log_min_duration_statement"
      value = "5000"
    }
    database_flags {
      name  = "log_min_messages"
      value = "warning"
    }
    database_flags {
      name  = "log_statement"
      value = "ddl"
    }
    database_flags {
      name  = "cloudsql.enable_pgaudit"
      value = "on"
    }
  }

  #checkov:skip=CKV_GCP_108:names of hosts in a private network are asked of nobody; addresses are logged
  #checkov:skip=CKV_GCP_57:statements over 5 s are logged; they hold no personal data, parameters least of all
  #checkov:skip=CKV_GCP_6:ssl_mode ENCRYPTED_ONLY is what require_ssl has become
  #checkov:skip=CKV_GCP_55:warning is enough, error would hide what comes before it
  #checkov:skip=CKV_GCP_109:errors are logged; slow statements are told by their duration
  #checkov:skip=CKV2_GCP_13:log_duration of every statement costs more than it tells; those over 5 s are logged
  #checkov:skip=CKV_GCP_79:17 is the newest version that this project is tested with

  lifecycle {
    postcondition {
      condition     = alltrue([for ip in self.settings[0].ip_configuration : !ip.ipv4_enabled])
      error_message = "The database must have no public address."
    }
  }
}

resource "google_sql_user" "this" {
  project             = var.project_id
  name                = local.db_admin
  instance            = google_sql_database_instance.this.name
  password_wo         = local.db_credentials[local.db_admin]
  password_wo_version = var.db_credential_version
  # It made the other roles: it goes when the instance does.
  deletion_policy = "ABANDON"
}
