locals {
  db_classes = { small = "db.t4g.micro", medium = "db.t4g.medium", large = "db.m7g.large" }
  db_name    = "iracing"
  db_user    = "iracing_owner"

  # Made anew whenever Terraform runs, and used only when db_credential_version is a new one. A
  # local is evaluated once an apply, so the database and the secret get the same; both arguments
  # are write-only, so it is kept nowhere else. (122 random bits, and no character to escape.)
  db_credential = uuid()
  db_url        = "postgresql://${local.db_user}:${local.db_credential}@${aws_db_instance.this.address}:${aws_db_instance.this.port}/${local.db_name}?sslmode=verify-full&sslrootcert=${local.files_to}/database-ca.pem"
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
  db_name        = local.db_name
  tags           = local.tags

  username            = local.db_user
  password_wo         = local.db_credential
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
