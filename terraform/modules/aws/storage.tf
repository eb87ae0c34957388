# The lake keeps frames for good; uploads wait here until they are loaded.

locals {
  buckets = {
    lake      = { expire_days = null }
    telemetry = { expire_days = var.telemetry_keep_days }
  }
}

resource "aws_s3_bucket" "this" {
  for_each      = local.buckets
  bucket_prefix = "${local.prefix}-${each.key}-"
  force_destroy = each.key == "telemetry" || !var.deletion_protection
  tags          = merge(local.tags, { content = each.key })

  #checkov:skip=CKV2_AWS_6:it has one, below; the checker does not follow for_each
  #checkov:skip=CKV_AWS_145:it is, below; the same
  #checkov:skip=CKV_AWS_21:it is, below; the same
  #checkov:skip=CKV_AWS_18:access is told by CloudTrail where it is wanted; a log bucket of its own would need one in turn
  #checkov:skip=CKV_AWS_144:frames are a copy of files that the driver has; a second region doubles the price
  #checkov:skip=CKV2_AWS_62:the folder is looked at, not listened to
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each                = aws_s3_bucket.this
  bucket                  = each.value.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  for_each = aws_s3_bucket.this
  bucket   = each.value.id
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = aws_s3_bucket.this
  bucket   = each.value.id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = aws_s3_bucket.this
  bucket   = each.value.id
  rule {
    bucket_key_enabled = true
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.this.arn
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  for_each = local.buckets
  bucket   = aws_s3_bucket.this[each.key].id

  rule {
    id     = "clean"
    status = "Enabled"
    filter {}
    abort_incomplete_multipart_upload {
      days_after_initiation = 2
    }
    noncurrent_version_expiration {
      noncurrent_days = 30
    }
  }
  dynamic "rule" {
    for_each = each.value.expire_days == null ? [] : [each.value.expire_days]
    content {
      id     = "expire"
      status = "Enabled"
      filter {}
      expiration {
        days = rule.value
      }
    }
  }
  depends_on = [aws_s3_bucket_versioning.this]
}

data "aws_iam_policy_document" "tls" {
  for_each = aws_s3_bucket.this
  statement {
    sid       = "TlsAlone"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [each.value.arn, "${each.value.arn}/*"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  for_each   = aws_s3_bucket.this
  bucket     = each.value.id
  policy     = data.aws_iam_policy_document.tls[each.key].json
  depends_on = [aws_s3_bucket_public_access_block.this]
}
