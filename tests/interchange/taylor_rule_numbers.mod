// As taylor_rule.mod, with a first guess instead of the steady state, so that its values are found by the import.
var c h pi R w y;
varexo m;
parameters beta epsilon phi_pi phi_y cost chi target;
beta = 0.99; epsilon = 6; phi_pi = 1.5; phi_y = 0.25; cost = 60; target = 1.005;
chi = (epsilon - 1)/epsilon*9;

model;
  1/c = beta*R/c(+1)/pi(+1);
  chi*h*c = w;
  y = h;
  c = y*(1 - cost/2*(pi - target)^2);
  # neutral = STEADY_STATE(R);
  R = neutral*(pi/target)^phi_pi*(y/STEADY_STATE(y))^phi_y*exp(m);
  cost*(pi - target)*pi = 1 - epsilon + epsilon*w + beta*c/c(+1)*cost*(pi(+1) - target)*pi(+1)*y(+1)/y;
end;

initval; pi = 1.005; h = 0.33; y = 0.33; c = 0.33; w = 0.8; R = 1.015; end;

shocks; var m; stderr 0.0025; end;
