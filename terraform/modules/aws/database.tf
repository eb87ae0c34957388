locals {
  db_classes = { small = "db.t4g.micro", medium = "db.t4g.medium", large = "db.m7g.large" }
  db_name    = "iracing"

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
  db_at  = "${aws_db_instance.this.address}:${aws_db_instance.this.port}"
  db_tls = "sslmode=verify-full&sslrootcert=${local.files_to}/database-ca.pem"

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

resource "aws_db_subnet_group" "this" {
  name       = local.prefix
  subnet_ids = aws_subnet.database[*].id
  tags       = local.tags
}

resource "aws_db_parameter_group" "this" {
  name_prefix = "${local.prefix}-"
  family      = "postgres17"
  description = "TLS alone, and slow statements in the log"
  tags        = local.tags

  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }
  parameter {
    name  = "log_min_duration_statement"
    value = "5000"
  }
  parameter {
    name  = "log_statement"
    value = "ddl"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_db_instance" "this" {
  identifier     = local.prefix
  engine         = "postgres"
  engine_version = "17"
  instance_class = local.db_classes[var.db_size]
  tags           = local.tags

  username            = local.db_admin
  password_wo         = local.db_credentials[local.db_admin]
  password_wo_version = var.db_credential_version

  storage_type          = "gp3"
  allocated_storage     = var.db_storage_gb
  max_allocated_storage = 2 * var.db_storage_gb
  storage_encrypted     = true
  kms_key_id            = aws_kms_key.this.arn

  db_subnet_group_name   = aws_db_subnet_group.this.name
  vpc_security_group_ids = [aws_security_group.database.id]
  publicly_accessible    = false
  parameter_group_name   = aws_db_parameter_group.this.name
  ca_cert_identifier     = "rds-ca-rsa2048-g1"
  multi_az               = var.db_high_availability

  # Point-in-time recovery comes with the backups: their days are how far back it goes.
  backup_retention_period   = var.db_backup_days
  backup_window             = "03:10-03:40"
  maintenance_window        = "tue:12:00-tue:12:30"
  copy_tags_to_snapshot     = true
  delete_automated_backups  = false
  deletion_protection       = var.deletion_protection
  skip_final_snapshot       = false
  final_snapshot_identifier = "${local.prefix}-final"

  auto_minor_version_upgrade      = true
  enabled_cloudwatch_logs_exports = ["postgresql", "upgrade"]
  performance_insights_enabled    = true
  performance_insights_kms_key_id = aws_kms_key.this.arn

  #checkov:skip=CKV_AWS_157:a standby doubles the price; db_high_availability asks for one
  #checkov:skip=CKV_AWS_161:IAM tokens last 15 minutes, and Dagster's storage keeps one address for as long as it runs
  #checkov:skip=CKV_AWS_118:Performance Insights tells enough for one database; enhanced monitoring needs a role more
  #checkov:skip=CKV_AWS_293:deletion_protection is on unless it is turned off on purpose

  lifecycle {
    postcondition {
      condition     = !self.publicly_accessible && self.storage_encrypted
      error_message = "The database must be private and encrypted."
    }
  }
}
