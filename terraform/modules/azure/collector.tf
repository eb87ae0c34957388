# `iracing-pipeline collect` as a job. Two that overlap do not harm: the later leaves.

resource "azurerm_container_app_job" "collector" {
  name                         = "${local.prefix}-collector"
  resource_group_name          = azurerm_resource_group.this.name
  location                     = var.region
  container_app_environment_id = azurerm_container_app_environment.this.id
  workload_profile_name        = "Consumption"
  replica_timeout_in_seconds   = 3600
  # The next one comes soon enough, and goes on where this one stopped.
  replica_retry_limit = 0
  tags                = local.tags

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.this["collector"].id]
  }
  dynamic "secret" {
    for_each = { for name in local.part_secrets.collector : name => local.secret_urls[name] }
    content {
      name                = secret.key
      key_vault_secret_id = secret.value
      identity            = azurerm_user_assigned_identity.this["collector"].id
    }
  }

  dynamic "schedule_trigger_config" {
    for_each = var.collector_schedule[*]
    content {
      cron_expression          = schedule_trigger_config.value
      parallelism              = 1
      replica_completion_count = 1
    }
  }
  dynamic "manual_trigger_config" {
    for_each = var.collector_schedule == null ? [true] : []
    content {
      parallelism              = 1
      replica_completion_count = 1
    }
  }

  template {
    init_container {
      name    = "files"
      image   = var.image
      cpu     = 0.25
      memory  = "0.5Gi"
      command = local.write_files
      env {
        name  = "FILES"
        value = jsonencode(local.files)
      }
      env {
        name  = "FILES_TO"
        value = local.files_to
      }
      volume_mounts {
        name = "files"
        path = local.files_to
      }
    }
    dynamic "init_container" {
      for_each = var.dagster_enabled ? [] : [true]
      content {
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
    }
    container {
      name   = "collector"
      image  = var.image
      cpu    = 0.5
      memory = "1Gi"
      args   = ["iracing-pipeline", "collect"]

      dynamic "env" {
        for_each = local.environments["collector"]
        content {
          name  = env.key
          value = env.value
        }
      }
      dynamic "env" {
        for_each = local.secrets["collector"]
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
    }
    dynamic "volume" {
      for_each = local.volumes
      content {
        name         = volume.key
        storage_type = "EmptyDir"
      }
    }
  }

  depends_on = [azurerm_role_assignment.secret, azurerm_postgresql_flexible_server_configuration.this]

  lifecycle {
    precondition {
      condition     = var.collector_schedule == null || var.iracing_account != null
      error_message = "The collector asks iRacing's Data API: set iracing_account, or collector_schedule = null."
    }
  }
}
