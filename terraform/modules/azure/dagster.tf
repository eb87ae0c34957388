# Dagster in one replica: its containers talk over loopback, so nothing but the webserver listens
# to the network, and the daemon lives and ends with its code server.

locals {
  # Memory is twice the CPU: Azure asks for it. Runs happen in the code server.
  code_server_cpu = { small = 0.75, medium = 1.25, large = 2 }[var.dagster_size]
  code_server     = ["--grpc-host", "127.0.0.1", "--grpc-port", "4000"]

  dagster_containers = concat(
    [
      {
        name        = "code-server", image = var.image, cpu = local.code_server_cpu, command = null
        args        = ["dagster", "api", "grpc", "-h", "127.0.0.1", "-p", "4000", "-m", "iracing_pipeline.definitions"]
        environment = local.environments["code-server"], secrets = local.secrets["code-server"]
      },
      {
        name        = "daemon", image = var.image, cpu = 0.5, command = null
        args        = concat(["dagster-daemon", "run"], local.code_server)
        environment = local.environments["daemon"], secrets = local.secrets["daemon"]
      },
      {
        name        = "webserver", image = var.image, cpu = 0.5, command = null
        args        = concat(["dagster-webserver", "-h", "0.0.0.0", "-p", "3000"], local.code_server)
        environment = local.environments["webserver"], secrets = local.secrets["webserver"]
      },
      {
        name        = "metrics", image = var.image, cpu = 0.25, command = null
        args        = ["iracing-pipeline", "metrics"]
        environment = local.environments["metrics"], secrets = local.secrets["metrics"]
      },
      # From the bucket into the folder that the sensor looks at. Nothing is deleted in it: what
      # expires in the bucket was loaded long before.
      {
        name    = "uploads", image = var.uploads_image, cpu = 0.25
        command = ["/bin/sh", "-c"]
        args    = ["while :; do rclone copy uploads:${azurerm_storage_container.this["telemetry"].name} /telemetry --log-level NOTICE; sleep 60; done"]
        environment = {
          RCLONE_CONFIG                       = "/scratch/rclone.conf"
          RCLONE_CONFIG_UPLOADS_TYPE          = "azureblob"
          RCLONE_CONFIG_UPLOADS_ACCOUNT       = azurerm_storage_account.this.name
          RCLONE_CONFIG_UPLOADS_USE_MSI       = "true"
          RCLONE_CONFIG_UPLOADS_MSI_CLIENT_ID = azurerm_user_assigned_identity.this["dagster"].client_id
        }
        secrets = {}
      },
    ],
    local.metrics ? [
      {
        name    = "prometheus", image = var.prometheus_image, cpu = 0.25
        command = ["/bin/prometheus"]
        args = [
          "--config.file=${local.files_to}/prometheus.yml", "--storage.tsdb.path=/scratch/prometheus",
          "--storage.tsdb.retention.time=2h", "--web.listen-address=127.0.0.1:9090",
        ]
        environment = {}
        secrets     = {}
      }
    ] : [],
  )
}

resource "azurerm_container_app_environment" "this" {
  name                           = local.prefix
  resource_group_name            = azurerm_resource_group.this.name
  location                       = var.region
  logs_destination               = "log-analytics"
  log_analytics_workspace_id     = azurerm_log_analytics_workspace.this.id
  infrastructure_subnet_id       = azurerm_subnet.containers.id
  internal_load_balancer_enabled = true
  tags                           = local.tags

  workload_profile {
    name                  = "Consumption"
    workload_profile_type = "Consumption"
  }

  lifecycle {
    ignore_changes = [infrastructure_resource_group_name]
    postcondition {
      condition     = self.internal_load_balancer_enabled
      error_message = "Dagster's webserver must not be reached from outside."
    }
  }
  depends_on = [azurerm_subnet_nat_gateway_association.containers]
}

resource "azurerm_container_app" "dagster" {
  count                        = var.dagster_enabled ? 1 : 0
  name                         = "${local.prefix}-dagster"
  resource_group_name          = azurerm_resource_group.this.name
  container_app_environment_id = azurerm_container_app_environment.this.id
  revision_mode                = "Single"
  workload_profile_name        = "Consumption"
  tags                         = local.tags

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.this["dagster"].id]
  }
  dynamic "secret" {
    for_each = { for name in local.part_secrets.dagster : name => local.secret_urls[name] }
    content {
      name                = secret.key
      key_vault_secret_id = secret.value
      identity            = azurerm_user_assigned_identity.this["dagster"].id
    }
  }

  template {
    min_replicas = 1
    max_replicas = 1
    # Longer than the last item of a run takes; a run that is cut off goes on in the next replica.
    termination_grace_period_seconds = 120

    init_container {
      name    = "files"
      image   = var.image
      cpu     = 0.25
      memory  = "0.5Gi"
      command = local.write_files
      env {
        name  = "FILES"
        value = jsonencode(merge(local.files, local.metric_files))
      }
      env {
        name  = "FILES_TO"
        value = local.files_to
      }
      dynamic "env" {
        for_each = var.grafana_cloud[*]
        content {
          name        = "CLOUD_TOKEN"
          secret_name = "cloud-token"
        }
      }
      volume_mounts {
        name = "files"
        path = local.files_to
      }
    }

    init_container {
      name    = "migrate"
      image   = var.image
      cpu     = 0.5
      memory  = "1Gi"
      command = local.migrate
      env {
        name  = "DAGSTER_HOME"
        value = local.files_to
      }
      dynamic "env" {
        for_each = local.migrate_secrets
        content {
          name        = env.key
          secret_name = env.value
        }
      }
      volume_mounts {
        name = "files"
        path = local.files_to
      }
    }
    dynamic "container" {
      for_each = local.dagster_containers
      content {
        name    = container.value.name
        image   = container.value.image
        cpu     = container.value.cpu
        memory  = "${2 * container.value.cpu}Gi"
        command = container.value.command
        args    = container.value.args

        dynamic "env" {
          for_each = container.value.environment
          content {
            name  = env.key
            value = env.value
          }
        }
        dynamic "env" {
          for_each = container.value.secrets
          content {
            name        = env.key
            secret_name = env.value
          }
        }
        dynamic "volume_mounts" {
          for_each = local.volumes
          content {
            name = volume_mounts.key
            path = volume_mounts.value
          }
        }
        dynamic "startup_probe" {
          for_each = container.value.name == "webserver" ? [3000] : []
          content {
            transport               = "HTTP"
            port                    = startup_probe.value
            path                    = "/server_info"
            interval_seconds        = 10
            timeout                 = 5
            failure_count_threshold = 30
          }
        }
      }
    }
    dynamic "volume" {
      for_each = local.volumes
      content {
        name         = volume.key
        storage_type = "EmptyDir"
      }
    }
  }

  # The environment's load balancer is internal: "external" means the private network.
  dynamic "ingress" {
    for_each = length(var.webserver_allowed) > 0 ? [true] : []
    content {
      external_enabled           = true
      allow_insecure_connections = false
      target_port                = 3000
      transport                  = "auto"
      traffic_weight {
        latest_revision = true
        percentage      = 100
      }
      dynamic "ip_security_restriction" {
        for_each = var.webserver_allowed
        content {
          name             = "allowed-${ip_security_restriction.key}"
          action           = "Allow"
          ip_address_range = ip_security_restriction.value
        }
      }
    }
  }

  depends_on = [azurerm_role_assignment.secret, azurerm_role_assignment.storage, azurerm_postgresql_flexible_server_configuration.this]
}

check "webserver_can_be_reached" {
  assert {
    condition     = !var.dagster_enabled || length(var.webserver_allowed) > 0
    error_message = "Dagster runs, but nobody may look at it: name the ranges of your VPN in webserver_allowed."
  }
}
