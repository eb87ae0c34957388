# One identity each for Dagster, its webserver, the collector, migrations and the schedule.
# None has a right on the project but to write metrics, where that is asked for.

resource "google_service_account" "this" {
  for_each     = toset(["dagster", "webserver", "collector", "migrate", "schedule"])
  project      = var.project_id
  account_id   = "${local.prefix}-${each.key}"
  display_name = "${local.prefix}: ${each.key}"
  depends_on   = [google_project_service.this]
}

locals {
  members = { for part, account in google_service_account.this : part => "serviceAccount:${account.email}" }

  account_secrets = merge(
    var.iracing_account == null ? {} : { client = var.iracing_account.client_secret_id },
    try(var.iracing_account.account_secret_id, null) == null ? {} : { account = var.iracing_account.account_secret_id },
  )
  readable = merge(
    { for pair in setproduct(["dagster", "webserver", "collector"], ["database-url", "dagster-url"]) : "${pair[0]}/${pair[1]}" => google_secret_manager_secret.database[pair[1]].id },
    { for name in setsubtract(local.db_secret_names, ["database-url"]) : "migrate/${name}" => google_secret_manager_secret.database[name].id },
    { for pair in setproduct(["dagster", "webserver", "collector", "migrate"], ["dagster", "database"]) : "${pair[0]}/file-${pair[1]}" => google_secret_manager_secret.file[pair[1]].id },
    { for name in setsubtract(local.file_names, ["dagster", "database"]) : "dagster/file-${name}" => google_secret_manager_secret.file[name].id },
    { for pair in setproduct(["dagster", "collector"], keys(local.account_secrets)) : "${pair[0]}/${pair[1]}" => local.account_secrets[pair[1]] },
    var.grafana_cloud == null ? {} : { "dagster/cloud" = var.grafana_cloud.token_secret_id },
  )
}

resource "google_secret_manager_secret_iam_member" "read" {
  for_each  = local.readable
  project   = var.project_id
  secret_id = each.value
  role      = "roles/secretmanager.secretAccessor"
  member    = local.members[split("/", each.key)[0]]
}

resource "google_storage_bucket_iam_member" "lake" {
  bucket = google_storage_bucket.this["lake"].name
  role   = "roles/storage.objectUser"
  member = local.members["dagster"]
}

resource "google_storage_bucket_iam_member" "telemetry" {
  bucket = google_storage_bucket.this["telemetry"].name
  role   = "roles/storage.objectViewer"
  member = local.members["dagster"]
}

resource "google_project_iam_member" "metrics" {
  count   = var.managed_prometheus ? 1 : 0
  project = var.project_id
  role    = "roles/monitoring.metricWriter"
  member  = local.members["dagster"]
}

resource "google_cloud_run_v2_job_iam_member" "schedule" {
  project  = var.project_id
  location = var.region
  name     = google_cloud_run_v2_job.this["collector"].name
  role     = "roles/run.invoker"
  member   = local.members["schedule"]
}

resource "google_cloud_run_v2_service_iam_member" "webserver" {
  for_each = toset(var.dagster_enabled ? var.webserver_allowed : [])
  project  = var.project_id
  location = var.region
  name     = google_cloud_run_v2_service.webserver[0].name
  role     = "roles/run.invoker"
  member   = each.value
}
