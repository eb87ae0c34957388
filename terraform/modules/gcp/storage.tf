# The lake keeps frames for good; uploads wait here until they are loaded.

locals {
  buckets = {
    lake      = { expire_days = null }
    telemetry = { expire_days = var.telemetry_keep_days }
  }
}

resource "google_storage_bucket" "this" {
  for_each                    = local.buckets
  project                     = var.project_id
  name                        = "${var.project_id}-${local.prefix}-${each.key}"
  location                    = var.region
  labels                      = local.labels
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = each.key == "telemetry" || !var.deletion_protection
  depends_on                  = [google_project_service.this]

  versioning {
    enabled = true
  }
  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      days_since_noncurrent_time = 30
    }
  }
  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }
    condition {
      age = 2
    }
  }
  dynamic "lifecycle_rule" {
    for_each = each.value.expire_days == null ? [] : [each.value.expire_days]
    content {
      action {
        type = "Delete"
      }
      condition {
        age = lifecycle_rule.value
      }
    }
  }

  #checkov:skip=CKV_GCP_62:access is told by Cloud Audit Logs where it is wanted
}
