# Dagster in one task: its containers talk over loopback, so nothing but the webserver listens to
# the network, and the daemon lives and ends with its code server.

locals {
  dagster_sizes = {
    small  = { cpu = 1024, memory = 2048 }
    medium = { cpu = 2048, memory = 4096 }
    large  = { cpu = 4096, memory = 8192 }
  }
  code_server = ["--grpc-host", "127.0.0.1", "--grpc-port", "4000"]
  after_code  = [local.after_migration, { containerName = "code-server", condition = "HEALTHY" }]

  dagster_containers = concat(
    [
      local.write_files["dagster"],
      local.migrate,
      merge(local.project["code-server"], {
        essential = true
        command   = ["dagster", "api", "grpc", "-h", "127.0.0.1", "-p", "4000", "-m", "iracing_pipeline.definitions"]
        dependsOn = [local.after_migration]
        healthCheck = {
          command     = ["CMD", "health.py", "grpc", "127.0.0.1:4000"]
          interval    = 30
          timeout     = 20
          retries     = 3
          startPeriod = 120
        }
        # Longer than the last item of a run takes; a run that is cut off goes on in the next task.
        stopTimeout = 120
      }),
      merge(local.project["daemon"], {
        essential = true
        command   = concat(["dagster-daemon", "run"], local.code_server)
        dependsOn = local.after_code
        healthCheck = {
          command     = ["CMD-SHELL", "health.py daemon \"$(printf %s \"$DAGSTER_POSTGRES_URL\" | sed 's/+psycopg2//')\""]
          interval    = 60
          timeout     = 50
          retries     = 3
          startPeriod = 120
        }
      }),
      merge(local.project["webserver"], {
        essential    = true
        command      = concat(["dagster-webserver", "-h", "0.0.0.0", "-p", "3000"], local.code_server)
        dependsOn    = local.after_code
        portMappings = [{ name = "web", containerPort = 3000, hostPort = 3000, protocol = "tcp" }]
      }),
      merge(local.project["metrics"], {
        essential = false
        command   = ["iracing-pipeline", "metrics"]
        dependsOn = [local.after_migration]
      }),
      # From the bucket into the folder that the sensor looks at. Nothing is deleted in it: what
      # expires in the bucket was loaded long before.
      merge(local.closed, {
        name       = "uploads"
        image      = var.uploads_image
        essential  = false
        entryPoint = ["/bin/sh", "-c"]
        command    = ["while :; do rclone copy uploads:${aws_s3_bucket.this["telemetry"].bucket} /telemetry --log-level NOTICE; sleep 60; done"]
        dependsOn  = [local.after_files]
        environment = [
          { name = "RCLONE_CONFIG", value = "/tmp/rclone.conf" },
          { name = "RCLONE_CONFIG_UPLOADS_TYPE", value = "s3" },
          { name = "RCLONE_CONFIG_UPLOADS_PROVIDER", value = "AWS" },
          { name = "RCLONE_CONFIG_UPLOADS_ENV_AUTH", value = "true" },
          { name = "RCLONE_CONFIG_UPLOADS_REGION", value = var.region },
        ]
      }),
    ],
    local.metrics ? [
      merge(local.closed, {
        name       = "prometheus"
        image      = var.prometheus_image
        essential  = false
        entryPoint = ["/bin/prometheus"]
        command = [
          "--config.file=${local.files_to}/prometheus.yml", "--storage.tsdb.path=/scratch/prometheus",
          "--storage.tsdb.retention.time=2h", "--web.listen-address=127.0.0.1:9090",
        ]
        dependsOn   = [local.after_files]
        environment = [{ name = "AWS_REGION", value = var.region }]
      })
    ] : [],
  )
}

resource "aws_ecs_cluster" "this" {
  name = local.prefix
  tags = local.tags

  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_ecs_task_definition" "dagster" {
  count                    = var.dagster_enabled ? 1 : 0
  family                   = "${local.prefix}-dagster"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = local.dagster_sizes[var.dagster_size].cpu
  memory                   = local.dagster_sizes[var.dagster_size].memory
  execution_role_arn       = aws_iam_role.start.arn
  task_role_arn            = aws_iam_role.dagster.arn
  container_definitions    = jsonencode(local.dagster_containers)
  tags                     = local.tags

  # Room for the uploads that the bucket keeps.
  ephemeral_storage {
    size_in_gib = 50
  }
  dynamic "volume" {
    for_each = local.volumes
    content {
      name = volume.key
    }
  }
}

resource "aws_service_discovery_private_dns_namespace" "this" {
  count       = var.dagster_enabled ? 1 : 0
  name        = "${local.prefix}.internal"
  description = "Where the webserver is, for the private network"
  vpc         = aws_vpc.this.id
  tags        = local.tags
}

resource "aws_service_discovery_service" "dagster" {
  count = var.dagster_enabled ? 1 : 0
  name  = "dagster"
  tags  = local.tags

  dns_config {
    namespace_id = aws_service_discovery_private_dns_namespace.this[0].id
    dns_records {
      type = "A"
      ttl  = 15
    }
  }
}

resource "aws_ecs_service" "dagster" {
  count           = var.dagster_enabled ? 1 : 0
  name            = "dagster"
  cluster         = aws_ecs_cluster.this.id
  task_definition = aws_ecs_task_definition.dagster[0].arn
  launch_type     = "FARGATE"
  propagate_tags  = "SERVICE"
  tags            = local.tags

  # Never two daemons: the old task ends before the new one begins.
  desired_count                      = 1
  deployment_maximum_percent         = 100
  deployment_minimum_healthy_percent = 0

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }
  network_configuration {
    subnets         = aws_subnet.containers[*].id
    security_groups = [aws_security_group.containers.id]
    # An address to go out with; no rule lets anything in from outside.
    assign_public_ip = !var.nat
  }
  service_registries {
    registry_arn = aws_service_discovery_service.dagster[0].arn
  }

  #checkov:skip=CKV_AWS_333:without a NAT gateway containers need an address to go out; nat = true gives them none

  # Containers read the secret when they start: a new password starts them.
  triggers             = { db_credential_version = tostring(var.db_credential_version) }
  force_new_deployment = true

  depends_on = [aws_iam_role_policy.start, aws_iam_role_policy.dagster, aws_secretsmanager_secret_version.database]
}

check "webserver_can_be_reached" {
  assert {
    condition     = !var.dagster_enabled || length(var.webserver_allowed) > 0
    error_message = "Dagster runs, but nobody may look at it: name the ranges of your VPN in webserver_allowed."
  }
}
