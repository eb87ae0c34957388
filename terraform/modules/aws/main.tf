# What the other files share: names, tags, the account, the key that encrypts everything.

data "aws_caller_identity" "current" {}

data "aws_availability_zones" "available" {
  state = "available"

  #checkov:skip=CKV_AWS_394:the first two are used; subnets that stand in them are not moved by a third
}

locals {
  prefix  = "${var.name}-${var.environment}"
  account = data.aws_caller_identity.current.account_id
  tags    = merge(var.tags, { application = var.name, environment = var.environment, managed_by = "terraform" })

  # Read by this project's containers; the files are those of the other clouds and of Compose.
  shared = "${path.module}/../../files"
}

resource "aws_kms_key" "this" {
  description             = "${local.prefix}: database, lake, secrets and logs"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.key.json
  tags                    = local.tags
}

resource "aws_kms_alias" "this" {
  name          = "alias/${local.prefix}"
  target_key_id = aws_kms_key.this.key_id
}

data "aws_iam_policy_document" "key" {
  #checkov:skip=CKV_AWS_109:the policy of a key names the key itself as *, and without this statement nobody could manage it
  #checkov:skip=CKV_AWS_111:the same
  #checkov:skip=CKV_AWS_356:the same
  statement {
    sid       = "Account"
    actions   = ["kms:*"]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::${local.account}:root"]
    }
  }
  statement {
    sid       = "Logs"
    actions   = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
    resources = ["*"]
    principals {
      type        = "Service"
      identifiers = ["logs.${var.region}.amazonaws.com"]
    }
    condition {
      test     = "ArnLike"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values   = ["arn:aws:logs:${var.region}:${local.account}:log-group:/${local.prefix}/*"]
    }
  }
}

resource "aws_cloudwatch_log_group" "containers" {
  name              = "/${local.prefix}/containers"
  retention_in_days = var.log_keep_days
  kms_key_id        = aws_kms_key.this.arn
  tags              = local.tags

  #checkov:skip=CKV_AWS_338:what happened a month ago stands in the database's own books; log_keep_days goes up to a year
}
