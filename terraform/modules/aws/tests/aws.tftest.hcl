# Plans and applies against a provider that answers, but does nothing.
mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  region            = "eu-west-1"
  image             = "ghcr.io/example/iracing-pipeline@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  database_ca_pem   = "-----BEGIN CERTIFICATE-----\nmock\n-----END CERTIFICATE-----\n"
  webserver_allowed = ["10.8.0.0/24"]
  iracing_account = {
    client_id        = "mock-client"
    client_secret_id = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:client"
  }
}

run "defaults_are_safe" {
  command = plan

  assert {
    condition     = !aws_db_instance.this.publicly_accessible && aws_db_instance.this.storage_encrypted && aws_db_instance.this.deletion_protection
    error_message = "The database must be private, encrypted and protected."
  }
  assert {
    condition     = aws_db_instance.this.backup_retention_period >= 7 && !aws_db_instance.this.skip_final_snapshot && !aws_db_instance.this.delete_automated_backups
    error_message = "The database must have a week of backups that outlive it, and leave a last snapshot."
  }
  assert {
    condition     = [for parameter in aws_db_parameter_group.this.parameter : parameter.value if parameter.name == "rds.force_ssl"] == ["1"]
    error_message = "The database must refuse connections without TLS."
  }
  assert {
    condition     = alltrue([for block in aws_s3_bucket_public_access_block.this : block.block_public_acls && block.block_public_policy && block.ignore_public_acls && block.restrict_public_buckets])
    error_message = "No bucket may be public."
  }
  assert {
    condition     = length(aws_scheduler_schedule.collector) == 0 && length(aws_prometheus_workspace.this) == 0 && length(aws_nat_gateway.this) == 0
    error_message = "What costs money must be asked for."
  }
  assert {
    condition     = output.database_name == "iracing" && output.metrics_query_url == null
    error_message = "Outputs do not match."
  }
}

run "one_daemon" {
  command = apply

  assert {
    condition     = aws_ecs_service.dagster[0].desired_count == 1 && aws_ecs_service.dagster[0].deployment_maximum_percent == 100 && aws_ecs_service.dagster[0].deployment_minimum_healthy_percent == 0
    error_message = "Two daemons must never run at once."
  }
  assert {
    condition     = length([for container in jsondecode(aws_ecs_task_definition.dagster[0].container_definitions) : container if container.name == "daemon"]) == 1
    error_message = "The task has one daemon."
  }
  assert {
    condition     = alltrue([for container in jsondecode(aws_ecs_task_definition.dagster[0].container_definitions) : container.readonlyRootFilesystem])
    error_message = "Every container's disk is read-only."
  }
  assert {
    condition     = alltrue(flatten([for container in jsondecode(aws_ecs_task_definition.dagster[0].container_definitions) : [for entry in try(container.environment, []) : !contains(["IRACING_DATABASE_URL", "IRACING_CLIENT_SECRET", "IRACING_PASSWORD", "IRACING_CLOUD_PUSH_TOKEN"], entry.name)]]))
    error_message = "Secrets come from the secret store, not from the definition."
  }
  assert {
    condition     = toset(flatten([for container in jsondecode(aws_ecs_task_definition.dagster[0].container_definitions) : [for port in try(container.portMappings, []) : port.containerPort]])) == toset([3000])
    error_message = "Nothing but the webserver has a port."
  }
  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.webserver) == 1
    error_message = "The named range reaches the webserver."
  }
}

run "roles_are_kept_apart" {
  command = apply

  assert {
    condition     = [for container in jsondecode(aws_ecs_task_definition.dagster[0].container_definitions) : container.name if anytrue([for secret in try(container.secrets, []) : contains(["IRACING_ADMIN_DATABASE_URL", "ROLE_PASSWORDS"], secret.name)])] == ["migrate"]
    error_message = "Only migrations know the administrator and everybody's password."
  }
  assert {
    condition     = length([for container in jsondecode(aws_ecs_task_definition.collector.container_definitions) : container if container.name == "migrate"]) == 0
    error_message = "Where Dagster runs, its task migrates."
  }
}

run "containers_know_what_they_need" {
  #checkov:skip=CKV_SECRET_6:names of secrets, not secrets
  command = apply

  variables {
    iracing_account = {
      client_id         = "mock-client"
      client_secret_id  = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:client"
      username          = "mock@example.com"
      account_secret_id = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:account"
    }
    grafana_cloud = {
      remote_write_url = "https://prometheus.example.net/api/prom/push"
      user             = "1"
      token_secret_id  = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:token"
    }
  }

  assert {
    condition = jsonencode({ for container in jsondecode(aws_ecs_task_definition.dagster[0].container_definitions) : container.name => sort([for secret in try(container.secrets, []) : secret.name]) }) == jsonencode({
      code-server = ["DAGSTER_POSTGRES_URL", "IRACING_CLIENT_SECRET", "IRACING_CLOUD_PUSH_TOKEN", "IRACING_DATABASE_URL", "IRACING_PASSWORD"]
      daemon      = ["DAGSTER_POSTGRES_URL"]
      metrics     = ["DAGSTER_POSTGRES_URL", "IRACING_DATABASE_URL"]
      files       = ["CLOUD_TOKEN"]
      migrate     = ["DAGSTER_POSTGRES_URL", "IRACING_ADMIN_DATABASE_URL", "IRACING_DATABASE_URL", "ROLE_PASSWORDS"]
      prometheus  = []
      uploads     = []
      webserver   = ["DAGSTER_POSTGRES_URL"]
    })
    error_message = "A container holds a secret that it does not use, or lacks one."
  }
  assert {
    condition     = toset(flatten([for container in jsondecode(aws_ecs_task_definition.dagster[0].container_definitions) : [for entry in try(container.environment, []) : container.name if contains(["IRACING_CLIENT_ID", "IRACING_USERNAME", "IRACING_CLOUD_PUSH_URL"], entry.name)]])) == toset(["code-server"])
    error_message = "Only what asks iRacing is told of the account."
  }
  assert {
    condition = jsonencode({ for container in jsondecode(aws_ecs_task_definition.collector.container_definitions) : container.name => sort([for secret in try(container.secrets, []) : secret.name]) }) == jsonencode({
      collector = ["DAGSTER_POSTGRES_URL", "IRACING_CLIENT_SECRET", "IRACING_DATABASE_URL", "IRACING_PASSWORD"]
      files     = []
    })
    error_message = "The collector asks iRacing, and sends no metrics."
  }
}

run "everything_at_once" {
  command = apply

  variables {
    nat                  = true
    dagster_size         = "large"
    db_size              = "large"
    db_high_availability = true
    collector_schedule   = "23 6 * * MON-FRI"
    managed_prometheus   = true
    tags                 = { team = "racing" }
  }

  assert {
    condition     = aws_scheduler_schedule.collector[0].schedule_expression == "cron(23 6 ? * MON-FRI *)"
    error_message = "EventBridge's form of the schedule is wrong."
  }
  assert {
    condition     = toset(flatten([for statement in data.aws_iam_policy_document.schedule.statement : statement.actions])) == toset(["ecs:RunTask", "ecs:TagResource", "iam:PassRole", "kms:Decrypt"])
    error_message = "The schedule starts the collector with its tags, reads what it is to start, and does nothing else."
  }
  assert {
    condition     = length([for container in jsondecode(aws_ecs_task_definition.dagster[0].container_definitions) : container if container.name == "prometheus"]) == 1
    error_message = "Prometheus passes the metrics on."
  }
  assert {
    condition     = strcontains(local.metric_files["prometheus.yml"], "https://aps.example.net/workspaces/ws-mock/api/v1/remote_write") && can(yamldecode(local.metric_files["prometheus.yml"]))
    error_message = "Prometheus writes to the workspace."
  }
  assert {
    condition     = !aws_ecs_service.dagster[0].network_configuration[0].assign_public_ip && length(aws_nat_gateway.this) == 1
    error_message = "Behind NAT, containers have no address of their own."
  }
}

run "collector_alone" {
  command = apply

  variables {
    dagster_enabled    = false
    collector_schedule = "23 * * * *"
    webserver_allowed  = []
  }

  assert {
    condition     = aws_scheduler_schedule.collector[0].schedule_expression == "cron(23 * * * ? *)" && length(aws_ecs_service.dagster) == 0
    error_message = "The collector runs without Dagster."
  }
  assert {
    condition     = output.webserver_url == null && output.collector == "iracing-prod-collector"
    error_message = "Outputs do not match."
  }
}

run "grafana_cloud" {
  command = apply

  variables {
    grafana_cloud = {
      remote_write_url = "https://prometheus.example.net/api/prom/push"
      user             = "1"
      token_secret_id  = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:token"
    }
  }

  assert {
    condition     = yamldecode(local.metric_files["prometheus.yml"]).remote_write[0].basic_auth.password_file == "/etc/iracing/cloud_token"
    error_message = "Prometheus reads the token from a file."
  }
}

run "unreachable_webserver_is_said" {
  command = plan
  variables {
    webserver_allowed = []
  }
  expect_failures = [check.webserver_can_be_reached]
}

run "collector_needs_an_account" {
  command = plan
  variables {
    collector_schedule = "23 * * * *"
    iracing_account    = null
  }
  expect_failures = [aws_scheduler_schedule.collector]
}
