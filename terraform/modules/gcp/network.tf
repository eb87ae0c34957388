# Containers leave by a range of their own; the database has an address in it and no other.

resource "google_compute_network" "this" {
  project                 = var.project_id
  name                    = local.prefix
  auto_create_subnetworks = false
  depends_on              = [google_project_service.this]

  #checkov:skip=CKV2_GCP_18:no rule lets anything in: that is what a network without firewall rules does
}

resource "google_compute_subnetwork" "containers" {
  project                  = var.project_id
  name                     = "${local.prefix}-containers"
  region                   = var.region
  network                  = google_compute_network.this.id
  ip_cidr_range            = cidrsubnet(var.network_cidr, 4, 0)
  private_ip_google_access = true

  #checkov:skip=CKV_GCP_26:flow logs cost more than the database of one driver; nothing listens to the outside
  #checkov:skip=CKV_GCP_76:it has no IPv6 addresses
}

resource "google_compute_global_address" "services" {
  project       = var.project_id
  name          = "${local.prefix}-services"
  purpose       = "VPC_PEERING"
  address_type  = "INTERNAL"
  network       = google_compute_network.this.id
  address       = cidrhost(cidrsubnet(var.network_cidr, 4, 8), 0)
  prefix_length = tonumber(split("/", var.network_cidr)[1]) + 4
}

resource "google_service_networking_connection" "services" {
  network                 = google_compute_network.this.id
  service                 = "servicenetworking.googleapis.com"
  reserved_peering_ranges = [google_compute_global_address.services.name]
  # Google keeps the peering for hours after the database is gone; without this, destroying fails.
  deletion_policy = "ABANDON"
}

resource "google_compute_router" "this" {
  count   = var.nat ? 1 : 0
  project = var.project_id
  name    = local.prefix
  region  = var.region
  network = google_compute_network.this.id
}

resource "google_compute_address" "nat" {
  count   = var.nat ? 1 : 0
  project = var.project_id
  name    = "${local.prefix}-nat"
  region  = var.region
  labels  = local.labels
}

resource "google_compute_router_nat" "this" {
  count                              = var.nat ? 1 : 0
  project                            = var.project_id
  name                               = local.prefix
  region                             = var.region
  router                             = google_compute_router.this[0].name
  nat_ip_allocate_option             = "MANUAL_ONLY"
  nat_ips                            = google_compute_address.nat[*].self_link
  source_subnetwork_ip_ranges_to_nat = "LIST_OF_SUBNETWORKS"

  subnetwork {
    name                    = google_compute_subnetwork.containers.id
    source_ip_ranges_to_nat = ["ALL_IP_RANGES"]
  }
}

locals {
  # Through the network goes what the database is asked; the rest leaves by Google's own way, or
  # by the fixed address.
  egress = var.nat ? "ALL_TRAFFIC" : "PRIVATE_RANGES_ONLY"
}
