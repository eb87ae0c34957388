# Four roles: one starts containers (image, secrets, log), one is Dagster's, one the collector's,
# one the schedule's. None holds a right that its part does not use.

locals {
  secret_arns = concat([for secret in aws_secretsmanager_secret.database : secret.arn], compact([
    try(var.iracing_account.client_secret_id, null),
    try(var.iracing_account.account_secret_id, null),
    try(var.grafana_cloud.token_secret_id, null),
  ]))
}

data "aws_iam_policy_document" "assume" {
  for_each = toset(["ecs-tasks", "scheduler"])
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["${each.key}.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

resource "aws_iam_role" "start" {
  name               = "${local.prefix}-start"
  description        = "Starts containers: pulls the image, reads their secrets, opens their log"
  assume_role_policy = data.aws_iam_policy_document.assume["ecs-tasks"].json
  tags               = local.tags
}

data "aws_iam_policy_document" "start" {
  #checkov:skip=CKV_AWS_356:GetAuthorizationToken is a right on the account and takes no narrower resource
  statement {
    sid       = "RegistryLogin"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }
  statement {
    sid       = "Image"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = ["arn:aws:ecr:${var.region}:${local.account}:repository/*"]
  }
  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.containers.arn}:*"]
  }
  statement {
    sid       = "Secrets"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = local.secret_arns
  }
  statement {
    sid       = "Key"
    actions   = ["kms:Decrypt"]
    resources = [aws_kms_key.this.arn]
  }
}

resource "aws_iam_role_policy" "start" {
  name   = "start"
  role   = aws_iam_role.start.id
  policy = data.aws_iam_policy_document.start.json
}

resource "aws_iam_role" "dagster" {
  name               = "${local.prefix}-dagster"
  description        = "Dagster's containers: the lake, uploads, metrics"
  assume_role_policy = data.aws_iam_policy_document.assume["ecs-tasks"].json
  tags               = local.tags
}

data "aws_iam_policy_document" "dagster" {
  statement {
    sid       = "Lake"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
    resources = ["${aws_s3_bucket.this["lake"].arn}/*"]
  }
  statement {
    sid       = "Uploads"
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.this["telemetry"].arn}/*"]
  }
  statement {
    sid       = "Buckets"
    actions   = ["s3:ListBucket", "s3:GetBucketLocation"]
    resources = [for bucket in aws_s3_bucket.this : bucket.arn]
  }
  statement {
    sid       = "Key"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [aws_kms_key.this.arn]
  }
  dynamic "statement" {
    for_each = aws_prometheus_workspace.this
    content {
      sid       = "Metrics"
      actions   = ["aps:RemoteWrite"]
      resources = [statement.value.arn]
    }
  }
}

resource "aws_iam_role_policy" "dagster" {
  name   = "dagster"
  role   = aws_iam_role.dagster.id
  policy = data.aws_iam_policy_document.dagster.json
}

# The collector needs the database alone, whose address is its secret: a role without rights.
resource "aws_iam_role" "collector" {
  name               = "${local.prefix}-collector"
  description        = "The collector's container; it holds no right in this account"
  assume_role_policy = data.aws_iam_policy_document.assume["ecs-tasks"].json
  tags               = local.tags
}

resource "aws_iam_role" "schedule" {
  count              = var.collector_schedule == null ? 0 : 1
  name               = "${local.prefix}-schedule"
  description        = "Starts the collector on schedule"
  assume_role_policy = data.aws_iam_policy_document.assume["scheduler"].json
  tags               = local.tags
}

data "aws_iam_policy_document" "schedule" {
  statement {
    sid       = "Collector"
    actions   = ["ecs:RunTask"]
    resources = ["${aws_ecs_task_definition.collector.arn_without_revision}:*"]
    condition {
      test     = "ArnEquals"
      variable = "ecs:cluster"
      values   = [aws_ecs_cluster.this.arn]
    }
  }
  # A task that takes over the tags of its definition is tagged by who starts it.
  statement {
    sid       = "Tags"
    actions   = ["ecs:TagResource"]
    resources = ["arn:aws:ecs:${var.region}:${local.account}:task/${aws_ecs_cluster.this.name}/*"]
    condition {
      test     = "StringEquals"
      variable = "ecs:CreateAction"
      values   = ["RunTask"]
    }
  }
  # What is to be started is kept encrypted.
  statement {
    sid       = "Key"
    actions   = ["kms:Decrypt"]
    resources = [aws_kms_key.this.arn]
  }
  statement {
    sid       = "Roles"
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.start.arn, aws_iam_role.collector.arn]
    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ecs-tasks.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy" "schedule" {
  count  = var.collector_schedule == null ? 0 : 1
  name   = "schedule"
  role   = aws_iam_role.schedule[0].id
  policy = data.aws_iam_policy_document.schedule.json
}
