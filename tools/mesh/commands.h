// The commands of `mesh`, one function each. Each prints its result to standard output and failures to
// standard error. command_table.h says what each is called with.
#pragma once

#include "schema/vocab/result.h"
#include "tools/mesh/arguments.h"
#include "tools/mesh/mesh.h"

namespace meshfs::tools {

Exit init_network(const Arguments& arguments);
Exit print_invite(const Arguments& arguments);
Exit join_network(const Arguments& arguments);
Exit rotate_key(const Arguments& arguments);
Exit look_after_nodes(const Arguments& arguments);
Exit look_after_policy(const Arguments& arguments);
Exit change_admins(const Arguments& arguments);
Exit revoke_node(const Arguments& arguments);
Exit look_after_delegations(const Arguments& arguments);
Exit show_status(const Arguments& arguments);
Exit show_peers(const Arguments& arguments);
Exit look_after_links(const Arguments& arguments);
Exit run_doctor(const Arguments& arguments);
Exit list_files(const Arguments& arguments);
Exit show_log(const Arguments& arguments);
Exit print_version_of_file(const Arguments& arguments);
Exit restore_version(const Arguments& arguments);
Exit show_difference(const Arguments& arguments);
Exit show_usage_by_author(const Arguments& arguments);
Exit retention(const Arguments& arguments);
Exit look_after_dictionaries(const Arguments& arguments);
Exit settle_conflicts(const Arguments& arguments);
Exit watch_changes(const Arguments& arguments);
Exit wait_for_nodes(const Arguments& arguments);
Exit explain_why(const Arguments& arguments);
Exit keep_content(const Arguments& arguments);
Exit pin_content(const Arguments& arguments);
Exit unpin_content(const Arguments& arguments);
Exit drop_content(const Arguments& arguments);
Exit export_tree(const Arguments& arguments);
Exit import_tree(const Arguments& arguments);
Exit seal_path(const Arguments& arguments);
Exit verify_file(const Arguments& arguments);
Exit show_types(const Arguments& arguments);
Exit check_files(const Arguments& arguments);
Exit print_template(const Arguments& arguments);
Exit print_schema(const Arguments& arguments);
Exit add_type(const Arguments& arguments);
Exit run_on_nodes(const Arguments& arguments);
Exit show_results(const Arguments& arguments);
Exit open_session(const Arguments& arguments);
Exit look_after_card(const Arguments& arguments);
Exit serve_rpc(const Arguments& arguments);

// One sentence on standard error; returns `code`, so that a command can end with it.
Exit complain(Exit code, const std::string& sentence);
Exit complain(const Error& failure);

// The exit code that tells this kind of failure.
Exit exit_for(Errc code);

}  // namespace meshfs::tools
