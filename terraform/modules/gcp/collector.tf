# When the collector's job is started.

resource "google_cloud_scheduler_job" "collector" {
  count            = var.collector_schedule == null ? 0 : 1
  project          = var.project_id
  name             = "${local.prefix}-collector"
  description      = "Asks iRacing for new results"
  region           = var.region
  schedule         = var.collector_schedule
  time_zone        = "Etc/UTC"
  attempt_deadline = "60s"

  retry_config {
    retry_count = 1
  }
  http_target {
    http_method = "POST"
    uri         = "https://run.googleapis.com/v2/${google_cloud_run_v2_job.this["collector"].id}:run"
    oauth_token {
      service_account_email = google_service_account.this["schedule"].email
    }
  }

  lifecycle {
    precondition {
      condition     = var.iracing_account != null
      error_message = "The collector asks iRacing's Data API: set iracing_account, or collector_schedule = null."
    }
  }
}
