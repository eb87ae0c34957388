output "cloud_init" {
  description = "What a machine is given at its first start: user_data (AWS, Hetzner, DigitalOcean), metadata user-data (Google Cloud), custom_data in base64 (Azure). No secret is in it: they are made on the machine."
  value       = local.cloud_init

  precondition {
    condition     = can(yamldecode(local.cloud_init)) && startswith(local.cloud_init, "#cloud-config\n")
    error_message = "This is no cloud-config: a value that was given cannot stand in YAML."
  }
  precondition {
    condition     = length(local.cloud_init) < 16384
    error_message = "Machines take 16 KB at their first start: give fewer keys or ranges."
  }
}
