# `iracing-pipeline collect` as a task of its own. Two that overlap do not harm: the later leaves.

locals {
  # EventBridge wants a sixth field, the year, and ? for whichever of day and weekday says nothing.
  cron = var.collector_schedule == null ? [] : split(" ", var.collector_schedule)
  schedule_expression = var.collector_schedule == null ? null : format(
    "cron(%s %s %s %s %s *)", local.cron[0], local.cron[1], local.cron[4] == "*" ? local.cron[2] : "?", local.cron[3],
    local.cron[4] == "*" ? "?" : local.cron[4],
  )
}

resource "aws_ecs_task_definition" "collector" {
  family                   = "${local.prefix}-collector"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 512
  memory                   = 1024
  execution_role_arn       = aws_iam_role.start.arn
  task_role_arn            = aws_iam_role.collector.arn
  tags                     = local.tags

  container_definitions = jsonencode(concat([local.write_files["collector"]], var.dagster_enabled ? [] : [local.migrate], [
    merge(local.project["collector"], {
      essential = true
      command   = ["iracing-pipeline", "collect"]
      dependsOn = [var.dagster_enabled ? local.after_files : local.after_migration]
    }),
  ]))

  dynamic "volume" {
    for_each = local.volumes
    content {
      name = volume.key
    }
  }
}

resource "aws_scheduler_schedule" "collector" {
  count                        = var.collector_schedule == null ? 0 : 1
  name                         = "${local.prefix}-collector"
  description                  = "Asks iRacing for new results"
  schedule_expression          = local.schedule_expression
  schedule_expression_timezone = "UTC"
  kms_key_arn                  = aws_kms_key.this.arn

  flexible_time_window {
    mode                      = "FLEXIBLE"
    maximum_window_in_minutes = 5
  }
  target {
    arn      = aws_ecs_cluster.this.arn
    role_arn = aws_iam_role.schedule[0].arn

    ecs_parameters {
      task_definition_arn = aws_ecs_task_definition.collector.arn_without_revision
      launch_type         = "FARGATE"
      propagate_tags      = "TASK_DEFINITION"
      network_configuration {
        subnets          = aws_subnet.containers[*].id
        security_groups  = [aws_security_group.containers.id]
        assign_public_ip = !var.nat
      }
    }
    # The next one comes soon enough, and goes on where this one stopped.
    retry_policy {
      maximum_retry_attempts       = 0
      maximum_event_age_in_seconds = 600
    }
  }

  lifecycle {
    precondition {
      condition     = var.iracing_account != null
      error_message = "The collector asks iRacing's Data API: set iracing_account, or collector_schedule = null."
    }
  }
  depends_on = [aws_iam_role_policy.schedule]
}
