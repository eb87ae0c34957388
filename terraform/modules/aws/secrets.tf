# Addresses of the database with the password of a role each.

resource "aws_secretsmanager_secret" "database" {
  for_each                = toset(local.db_secret_names)
  name_prefix             = "${local.prefix}-${each.key}-"
  description             = "${local.prefix}: ${each.key} of the database"
  kms_key_id              = aws_kms_key.this.arn
  recovery_window_in_days = 7
  tags                    = local.tags

  #checkov:skip=CKV2_AWS_57:they are renewed by db_credential_version; containers read them when they start, so a rotation behind their back would lock them out
}

resource "aws_secretsmanager_secret_version" "database" {
  for_each                 = toset(local.db_secret_names)
  secret_id                = aws_secretsmanager_secret.database[each.key].id
  secret_string_wo         = local.db_secrets[each.key]
  secret_string_wo_version = var.db_credential_version
}
