output "deployment" {
  description = "All that the module says; see its outputs."
  value       = module.iracing
}
