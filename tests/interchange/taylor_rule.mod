// Costly price adjustment with a Taylor rule around the steady state; the weight of labour is calibrated to hours.
var c h pi R w y;
varexo m;
parameters beta epsilon phi_pi phi_y cost chi hours target;
beta = 0.99; epsilon = 6; phi_pi = 1.5; phi_y = 0.25; cost = 60; hours = 1/3; target = 1.005;

model;
  1/c = beta*R/c(+1)/pi(+1);
  chi*h*c = w;
  y = h;
  c = y*(1 - cost/2*(pi - target)^2);
  R = STEADY_STATE(R)*(pi/STEADY_STATE(pi))^phi_pi*(y/STEADY_STATE(y))^phi_y*exp(m);
  cost*(pi - target)*pi = 1 - epsilon + epsilon*w + beta*c/c(+1)*cost*(pi(+1) - target)*pi(+1)*y(+1)/y;
end;

steady_state_model;
  pi = target;
  h = hours;
  y = h;
  c = y;
  w = (epsilon - 1)/epsilon;
  R = pi/beta;
  chi = w/(h*c);
end;

shocks; var m; stderr 0.0025; end;
