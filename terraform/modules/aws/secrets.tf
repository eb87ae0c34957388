# The address of the database with its password: what IRACING_DATABASE_URL is read from.

resource "aws_secretsmanager_secret" "database_url" {
  name_prefix             = "${local.prefix}-database-url-"
  description             = "IRACING_DATABASE_URL"
  kms_key_id              = aws_kms_key.this.arn
  recovery_window_in_days = 7
  tags                    = local.tags

  #checkov:skip=CKV2_AWS_57:it is renewed by db_credential_version; containers read it when they start, so a rotation behind their back would lock them out
}

resource "aws_secretsmanager_secret_version" "database_url" {
  secret_id                = aws_secretsmanager_secret.database_url.id
  secret_string_wo         = local.db_url
  secret_string_wo_version = var.db_credential_version
}
